#!/usr/bin/env python3
"""Records of an event file as the `tensorboard` package writes them:  PYTHON test/vectors/tensorboard_events.py

Needs tensorboard (2.21). Writes data/tensorboard.json: what each record says, and its bytes as hexadecimal digits; and checksums of RFC 3720, B.4.
"""
import io
import json
import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

SECONDS = 1796000000.25
WIDTH = 0.25


def record(event):
    class Kept(io.BytesIO):
        def close(self):
            pass
    kept = Kept()
    RecordWriter(kept).write(event.SerializeToString())
    return kept.getvalue().hex()


def histogram(values):
    first = int(min(values) // WIDTH)
    counts = [0] * (int(max(values) // WIDTH) - first + 1)
    for value in values:
        counts[int(value // WIDTH) - first] += 1
    return summary_pb2.HistogramProto(
        min=min(values), max=max(values), num=len(values), sum=sum(values), sum_squares=sum(value * value for value in values),
        bucket_limit=[WIDTH * (first + i + 1) for i in range(len(counts))], bucket=counts)


def main():
    values = [-1.5, -1.375, -3.125, -0.625, -1.5]
    scalars = [('loss/training', 2.5), ('gradient/log10 norm', -312.75), ('한국어', float('inf'))]
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
                                  + [summary_pb2.Summary.Value(tag='gradient/lag 8', histo=histogram(values))])
    content = {
        'seconds': SECONDS,
        'version': record(event_pb2.Event(wall_time=SECONDS, file_version='brain.Event:2')),
        'start': {'step': 401, 'bytes': record(event_pb2.Event(wall_time=SECONDS, step=401, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)))},
        'summary': {'step': 70000, 'scalars': [[tag, str(value)] for tag, value in scalars], 'histogram': ['gradient/lag 8', values],
                    'bytes': record(event_pb2.Event(wall_time=SECONDS, step=70000, summary=summary))},
        # 32 bytes of zeros, of ones, and from 0 to 31.
        'crc32c': [['00' * 32, 0x8a9136aa], ['ff' * 32, 0x62a8ab43], [bytes(range(32)).hex(), 0x46dd794e]],
    }
    (pathlib.Path(__file__).parent / 'data' / 'tensorboard.json').write_text(json.dumps(content, indent=1) + '\n')


main()
