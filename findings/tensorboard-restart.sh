#!/usr/bin/env bash
# A training that was killed at step 50 and goes on from its checkpoint at step 40 writes a second event file. TensorBoard, one would expect, shows the later
# values of steps 41 to 50: both files are complete, in order and of one folder. It shows both values of each of these steps. Only a record of the kind
# "session log, START" with the step at the head of the second file, which TensorFlow 1 wrote and no SummaryWriter of today writes by itself, voids the earlier ones.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"${PYTHON:-python3}" -m venv python
python/bin/pip install --quiet --disable-pip-version-check tensorboard==2.21.0
cat >show.py <<'PYTHON'
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def write(path, seconds, steps, value, start):
    with open(path, 'wb') as file:
        writer = RecordWriter(file)
        put = lambda **content: writer.write(Event(wall_time=seconds, **content).SerializeToString())
        put(file_version='brain.Event:2')
        if start:
            put(step=steps[0], session_log=SessionLog(status=SessionLog.START))
        for step in steps:
            put(step=step, summary=Summary(value=[Summary.Value(tag='loss', simple_value=value)]))


shown = {}
for start in (False, True):
    import os
    folder = f'run-{start}'
    os.mkdir(folder)
    write(f'{folder}/events.out.tfevents.1000000000.a', 1e9, range(1, 51), 1.0, False)
    write(f'{folder}/events.out.tfevents.1000000100.a', 1e9 + 100, range(41, 61), 2.0, start)
    events = EventAccumulator(folder)
    events.Reload()
    steps = [event.step for event in events.Scalars('loss')]
    shown[start] = len(steps) - len(set(steps))
    print('with a START record:' if start else 'without one:', len(steps), 'values of', len(set(steps)), 'steps')
assert shown == {False: 10, True: 0}
PYTHON
python/bin/python show.py 2>/dev/null
