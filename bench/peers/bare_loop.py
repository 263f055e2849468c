"""The counterpart of bench/bare-loop.ts: decodes and infers, and tells its parent over Node's channel how often."""

import itertools
import json
import os
import socket
import sys
import time
from pathlib import Path

from classifier import Classifier

channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"])).makefile("rw")


def tell(message):
    channel.write(json.dumps(message) + "\n")
    channel.flush()


classifier = Classifier()
pictures = [Path(file).read_bytes() for file in sys.argv[1:]]
following = itertools.cycle(pictures)
tell("ready")
for line in iter(channel.readline, ""):
    seconds = json.loads(line)["seconds"]
    steps = dict.fromkeys(["decode", "resize", "infer", "rank"], 0.0)
    images = 0
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        times = [time.process_time()]
        decoded = classifier.decode(next(following))
        times.append(time.process_time())
        tensor = classifier.to_tensor(decoded)
        times.append(time.process_time())
        scores = classifier.infer(tensor)
        times.append(time.process_time())
        classifier.rank(scores)
        times.append(time.process_time())
        for step, begin, end in zip(steps, times, times[1:]):
            steps[step] += (end - begin) * 1000
        images += 1
    tell({"images": images, "seconds": time.perf_counter() - started, "stepsMs": steps})
