"""Threads: those of the process that calls, its children, its Ctrl-C, and the count that was set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import faltung as ft
from tests.fresh import python


def test_a_thread_of_another_library_gets_one_thread() -> None:
    counts: list[int] = []
    worker = threading.Thread(target=lambda: counts.append(ft.get_threads()))
    worker.start()
    worker.join()
    assert counts == [1]


def test_a_forked_child_works_after_its_parent_used_threads() -> None:
    done = python("""
        import os, numpy as np, faltung as ft
        x = np.ones((500, 500), np.float32)
        expected = ft.convolve(x, np.ones((5, 5), np.float32), threads=3).sum()
        child = os.fork()
        if child == 0:
            os._exit(0 if ft.convolve(x, np.ones((5, 5), np.float32), threads=3).sum() == expected else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert done.stdout.strip() == "0", done.stderr


def test_a_child_forked_from_busy_threads_works() -> None:
    done = python("""
        import os, threading, numpy as np, faltung as ft
        x, w = np.ones((300, 300), np.float32), np.ones((5, 5), np.float32)
        def call():
            return ft.convolve(x, w, "same", method="direct", threads=3).sum()
        expected, done = call(), threading.Event()
        def keep_calling():
            while not done.is_set():
                call()
        callers = [threading.Thread(target=keep_calling) for _ in range(3)]
        for caller in callers:
            caller.start()
        codes = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0 if call() == expected else 1)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        done.set()
        print(codes == [0] * 20, call() == expected)
    """)
    assert done.stdout.strip() == "True True", done.stderr


def test_a_call_goes_on_alone_where_no_thread_can_be_started() -> None:
    done = python("""
        import os, resource, numpy as np, faltung as ft
        x, w = np.ones((600, 600), np.float32), np.ones((5, 5), np.float32)
        call = lambda count: ft.convolve(x, w, "same", method="direct", threads=count)
        threads = lambda: len(os.listdir("/proc/self/task"))
        expected, before = call(1), threads()
        with open("/proc/self/statm") as pages:
            used = int(pages.read().split()[0]) * resource.getpagesize()
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + 7 * 2**20, limits[1]))  # less than a stack takes
        alone = call(4)
        print(np.array_equal(alone, expected), threads() - before)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        print(np.array_equal(call(4), expected), threads() - before)
    """)
    assert done.stdout.splitlines() == ["True 0", "True 3"], done.stderr


def test_many_threads_may_call_at_once_with_any_counts() -> None:
    x, w = np.random.default_rng(0).random((300, 301)), np.random.default_rng(1).random((7, 7))
    expected = ft.convolve(x, w, method="direct", threads=1)

    def call(count: int) -> list[bool]:
        return [
            np.array_equal(ft.convolve(x, w, method="direct", threads=1 + (count + i) % 9), expected) for i in range(10)
        ]

    with ThreadPoolExecutor(8) as pool:
        assert all(map(all, pool.map(call, range(8))))


def test_the_number_of_threads_may_change_from_call_to_call() -> None:
    x, w = np.random.default_rng(0).random((400, 400)), np.random.default_rng(1).random((5, 5))
    expected = ft.convolve(x, w, method="direct", threads=1)
    for count in (4, 1, 30, 2, None):
        ft.set_threads(count)
        np.testing.assert_array_equal(ft.convolve(x, w, method="direct"), expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_control_c_stops_a_long_run_within_a_second(threads: int) -> None:
    code = f"""
        import numpy as np, faltung as ft
        x, w = np.ones((4000, 4000)), np.random.default_rng(0).random((301, 301))
        print("started", flush=True)
        ft.convolve(x, w, "same", method="direct", threads={threads})
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        time.sleep(0.5)
        sent = time.monotonic()
        os.kill(child.pid, signal.SIGINT)
        _, stderr = child.communicate(timeout=30)
        assert "KeyboardInterrupt" in stderr
        # A second on an idle machine; this one may be busy with other tests.
        assert time.monotonic() - sent < 10
