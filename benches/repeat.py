"""The median of the milliseconds that a command takes: `repeat.py TIMES COMMAND…`. What it prints is thrown away."""

import os
import statistics
import sys
import time

times, command = int(sys.argv[1]), sys.argv[2:]
nowhere = os.open(os.devnull, os.O_WRONLY)
quiet = [(os.POSIX_SPAWN_DUP2, nowhere, 1), (os.POSIX_SPAWN_DUP2, nowhere, 2)]
measured = []
for _ in range(times):
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    status = os.waitpid(process, 0)[1]
    measured.append(1000 * (time.perf_counter() - began))
    if status != 0:
        sys.exit(f"error: {command} ended with {os.waitstatus_to_exitcode(status)}")
print(f"{statistics.median(measured):.2f}")
