#!/usr/bin/env python3
"""Reads what `backflow train --tensorboard DIR` has written by TensorBoard's own package, beside the run's metrics.jsonl:

    PYTHON bench/peer/tensorboard_read.py DIR RUN

Needs tensorboard (run with 2.21). RUN is the run's folder. Fails where a number is not there, or is another one than float32 makes of it.
"""
import json
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def float32(value):
    return struct.unpack('f', struct.pack('f', value))[0]


def main(folder, run):
    events = EventAccumulator(folder, size_guidance={'scalars': 0, 'histograms': 0, 'tensors': 0})
    events.Reload()
    tags = events.Tags()
    print('scalars:', *sorted(tags['scalars']), sep='\n  ')
    print('histograms:', *sorted(tags['histograms']), sep='\n  ')
    series = {tag: {event.step: event.value for event in events.Scalars(tag)} for tag in tags['scalars']}
    lines = [json.loads(line) for line in (pathlib.Path(run) / 'metrics.jsonl').read_text().splitlines()]
    steps = [line for line in lines if 'gradientNorm' in line]
    assert steps, 'no steps in metrics.jsonl'
    for line in steps:
        step = line['step']
        assert series['loss/training'][step] == float32(line['loss']), step
        assert series['gradient/norm before clipping'][step] == float32(line['gradientNorm']), step
        assert series['gradient/norm after clipping'][step] == float32(line['clippedNorm']), step
        assert math.isclose(series['gradient/log10 norm'][step], math.log10(line['gradientNorm']), rel_tol=1e-6, abs_tol=1e-7), step
    for tag in tags['histograms']:
        for event in events.Histograms(tag):
            value = event.histogram_value
            assert sum(value.bucket) == value.num and value.bucket_limit == sorted(value.bucket_limit), tag
            assert value.bucket_limit[-1] >= value.max >= value.min, tag
    assert tags['histograms'] and any(tag.startswith('horizon/') for tag in series)
    print(f'{len(steps)} steps agree; {sum(len(events.Histograms(tag)) for tag in tags["histograms"])} histograms')


main(*sys.argv[1:])
