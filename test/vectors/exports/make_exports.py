#!/usr/bin/env python3
"""Writes small exports of many frameworks and what they must give, see ../README.md:  PYTHON test/vectors/exports/make_exports.py GROUP …"""
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
for folder in (HERE.parent, HERE.parent / 'models'):
    sys.path.append(str(folder))

GROUPS = ('references', 'torch_old', 'torch_new', 'keras2', 'keras3', 'jax', 'paddle', 'handmade', 'optimized', 'describe')

if __name__ == '__main__':
    for group in sys.argv[1:]:
        name, *rest = group.split(':')
        assert name in GROUPS, f'no group {name}: {", ".join(GROUPS)}'
        importlib.import_module(f'group_{name}').main(*rest)
