"""Where exports go, and without what of the place where they ran."""
import pathlib

import onnx

FOLDER = pathlib.Path(__file__).parents[1] / 'data' / 'exports'
LARGEST = 60_000


def path(name):
    FOLDER.mkdir(parents=True, exist_ok=True)
    return str(FOLDER / f'{name}.onnx')


def bare(file):
    model = onnx.load(file)
    clear(model)
    onnx.save(model, file)
    size = pathlib.Path(file).stat().st_size
    print(f'{pathlib.Path(file).name}: {size} bytes; {operators(model)}')
    assert size < LARGEST, f'{file} has {size} bytes'


def clear(part):
    """Doc strings, metadata and value_info, at any depth: they name files and places of the machine, and make most of the size."""
    fields = part.DESCRIPTOR.fields_by_name
    for field in ('doc_string', 'metadata_props', 'value_info'):
        if field in fields:
            part.ClearField(field)
    for descriptor, value in part.ListFields():
        if descriptor.message_type is None or descriptor.name in ('initializer', 'tensor_type', 'sparse_initializer', 't'):
            continue
        for inner in value if isinstance(value, (list, tuple)) or hasattr(value, 'extend') else [value]:
            clear(inner)


def operators(model):
    found = {}

    def walk(nodes):
        for node in nodes:
            key = f'{node.domain}.{node.op_type}' if node.domain else node.op_type
            found[key] = found.get(key, 0) + 1
            for attribute in node.attribute:
                for graph in ([attribute.g] if attribute.HasField('g') else []) + list(attribute.graphs):
                    walk(graph.node)
    walk(model.graph.node)
    for own in getattr(model, 'functions', []):
        walk(own.node)
    return ' '.join(f'{key}×{count}' for key, count in sorted(found.items()))
