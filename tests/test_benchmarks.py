"""The benchmark's own logic, and that its peers do the same sums as faltung. Never a time."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

import faltung as ft
from benchmarks import agreement, cells, operands, ours, peers, report, rounds, tables, work
from benchmarks.bands import band, ratio
from benchmarks.cells import Cell
from benchmarks.functions import answers, run
from benchmarks.functions.questions import Question, questions
from benchmarks.peers import Peer
from faltung.task.problem import Problem

CELLS = cells.read()


@pytest.fixture(autouse=True)
def _precision_of_jax() -> Iterator[None]:
    yield
    if "jax" in sys.modules:  # its peer sets this for the whole process
        sys.modules["jax"].config.update("jax_enable_x64", False)


def shrunken(cell: Cell) -> Problem:
    """The same question of arrays that are small enough to ask in a test."""
    if not cell.problem.plain:
        return _small_layer(cell)

    def smaller(most: int) -> Callable[[re.Match[str]], str]:
        return lambda match: match[1] + ",".join(str(min(int(n), most)) for n in match[2].split(",")) + "]"

    line = re.sub(r"(x=\w+\[(?:[\d,]+\|)?)([\d,]+)\]", smaller(40), cell.line)
    return Problem.parse(re.sub(r"(w=\w+\[(?:[\d,]+\|)?)([\d,]+)\]", smaller(9), line))


def _small_layer(cell: Cell) -> Problem:
    problem = cell.problem
    groups, batch = min(problem.groups, 3), min(problem.batch, 2)
    channels, filters = min(problem.channels // problem.groups, 4), min(problem.filters // problem.groups, 9)
    space, kernel = (",".join(map(str, shape)) for shape in ((11,) * problem.ndim, problem.kernel_shape))
    words = [word for word in cell.line.split() if not word.startswith(("x=", "w=", "groups="))]
    x, w = f"x=f32[{batch},{groups * channels}|{space}]", f"w=f32[{groups * filters},{channels}|{kernel}]"
    return Problem.parse(" ".join([words[0], x, w, *words[1:], f"groups={groups}"]))


def test_cells_are_many_and_arrays_can_ask_for_all_of_them() -> None:
    assert len(CELLS) >= 40
    for cell in filter(lambda cell: cell.problem.plain, CELLS):
        assert ours.question(cell.problem)["mode"] in cell.line


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_call_asks_for_the_cell(cell: Cell) -> None:
    problem = shrunken(cell)
    given = operands.draw(problem)
    assert Problem.parse(ours.plan(problem, given, 1)["problem"]).with_structure(problem.structure) == problem
    result = np.asarray(ours.call(problem, given, 1)())
    outer = () if problem.plain else (problem.batch, problem.filters)
    assert (result.shape, result.dtype) == ((*outer, *problem.length), problem.result_dtype)


def test_cells_skip_comments_and_name_what_is_unknown() -> None:
    assert [str(cell) for cell in cells.parse("d", "# no\n\nconvolve x=f32[9] w=f32[3]\n")] == [
        "convolve x=f32[9] w=f32[3]"
    ]
    with pytest.raises(ValueError, match="domain='4d'"):
        cells.read(["4d"])
    with pytest.raises(ValueError, match="peers='matlab'"):
        peers.found(["matlab"])


# OpenVINO forks when it is imported, of which JAX warns if a test before this one has used it.
@pytest.mark.filterwarnings(r"ignore:os.fork\(\) was called:RuntimeWarning")
@pytest.mark.parametrize("library", peers.LIBRARIES)
def test_peers_agree_with_faltung(library: str) -> None:
    found, absent = peers.found([library])
    if absent:
        pytest.skip(f"{library} is not installed")
    for peer in found:
        answers = [_answer(peer, shrunken(cell)) for cell in CELLS]
        assert any(answer is not None for answer in answers), f"{peer.name} refuses everything"


def _answer(peer: Peer, problem: Problem) -> object:
    given = operands.draw(problem)
    prepared = peer.prepare(problem, given)
    if isinstance(prepared, str):
        return None
    found, expected = prepared(), ours.call(problem, given, 1)()
    assert agreement.difference(problem, given, expected, found) is None, (peer.name, str(problem))
    return found


TRAINING = [cell for cell in CELLS if cell.training]


@pytest.mark.parametrize("library", ["pytorch", "jax"])
def test_peers_take_the_same_training_step(library: str) -> None:
    found, absent = peers.found([library])
    if absent:
        pytest.skip(f"{library} is not installed")
    (train,) = (peer.train for peer in found if peer.train is not None)
    for problem in map(shrunken, TRAINING):
        given = operands.draw(problem)
        step, expected = train(problem, given), ours.training_step(problem, given, 1)()
        assert not isinstance(step, str)
        assert agreement.step_difference(problem, given, expected, step()) is None, str(problem)


@pytest.mark.parametrize("cell", TRAINING, ids=str)
def test_a_wrong_gradient_is_noticed(cell: Cell) -> None:
    problem = shrunken(cell)
    given = operands.draw(problem)
    y, gx, gw = ours.training_step(problem, given, 1)()
    assert agreement.step_difference(problem, given, (y, gx, gw), (y, gx, gw)) is None
    for name, wrong in (("input", (y, gx[::-1] * 2, gw)), ("kernel", (y, gx, np.flip(gw)))):
        assert name in str(agreement.step_difference(problem, given, (y, gx, gw), wrong))


def test_a_peer_that_does_something_else_is_noticed() -> None:
    problem = Problem.parse("convolve x=f32[300] w=f32[9] mode=same")
    given = operands.draw(problem)
    right = ft.convolve(given.x, given.w, mode="same")
    assert agreement.difference(problem, given, right, right[None, None]) is None
    for wrong in (ft.correlate(given.x, given.w, mode="same"), np.roll(right, 1), right[1:], right * np.nan):
        assert agreement.difference(problem, given, right, wrong) is not None
    integers = Problem.parse("convolve x=i64[3] w=i64[3] mode=same")
    exact, off_by_one = np.array([1, 2, 3]), np.array([1, 2, 4])
    assert agreement.difference(integers, operands.draw(integers), exact, off_by_one) == "1 of 3 integers differ"


def test_a_ratio_differs_from_one_only_if_its_band_says_so() -> None:
    assert band([3.0, 1.0, 2.0]).middle == 2.0
    noisy, steady = [1.0, 2.0, 1.0, 3.0, 1.0], [1.0, 2.0, 1.0, 3.0, 1.0]
    assert not ratio(noisy, steady).differs
    assert ratio([2 * seconds for seconds in noisy], steady).low == 2.0
    assert ratio([2 * seconds for seconds in noisy], steady).differs
    assert not ratio([2.0, 2.0], [1.0, 1.0]).differs, "two rounds decide nothing"
    assert ratio([50.0], steady).middle == 50.0
    with pytest.raises(ValueError, match="same rounds"):
        ratio([1.0, 2.0], steady)


def test_nobody_always_follows_the_same_one() -> None:
    names = ["a", "b", "c"]
    turns = [rounds.order(names, turn) for turn in range(6)]
    assert all(sorted(turn) == names for turn in turns)
    assert all(sum(turn[0] == name for turn in turns) == 2 for name in names)
    followers = {(before, after) for turn in turns for before, after in pairwise(turn)}
    assert len(followers) == 6


def test_rounds_repeat_short_calls_and_spare_slow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0

    def lasting(seconds: float) -> Callable[[], None]:
        def call() -> None:
            nonlocal clock
            clock += seconds

        return call

    monkeypatch.setattr(rounds, "perf_counter", lambda: clock)
    calls = {"ours": lasting(1e-3), "quick": lasting(1e-5), "slow": lasting(1.5)}
    timings = rounds.take(calls, rounds=6)
    assert {name: len(timing.samples) for name, timing in timings.items()} == {"ours": 6, "quick": 6, "slow": 1}
    assert timings["quick"].repeats * 1e-5 >= rounds.SHORTEST
    assert timings["quick"].samples == pytest.approx([1e-5] * 6)
    assert timings["slow"].once


def test_work_counts_what_each_algorithm_does() -> None:
    image = Problem.parse("convolve x=f32[10,10] w=f32[3,5] mode=same")
    assert work.operations("direct", image) == 2 * 15 * 100
    assert work.operations("separable", image) == 2 * 8 * 100
    assert work.operations("crystal ball", image) is None
    layer = Problem.parse("correlate x=f32[1,7|8,8] w=f32[5,7|3,3] mode=same")
    assert work.operations("winograd", layer) == 2 * 7 * 5 * 4 * 36
    assert work.size(image) == 4 * (100 + 15 + 100)
    both_complex = Problem.parse("convolve x=c64[10] w=c64[3] mode=same")
    assert work.operations("direct", both_complex) == 4 * 2 * 3 * 10
    long = Problem.parse("convolve x=f32[1000000] w=f32[129] mode=valid")
    transform, direct = work.operations("fft", long), work.operations("direct", long)
    assert transform is not None
    assert direct is not None
    assert 55 < transform / long.outputs < 65 < direct / long.outputs


def test_the_report_reads_well() -> None:
    table = tables.Table("T", ("cell", "n"), (("a", "1"), ("bb", "10")))
    assert tables.plain(table) == "\nT\ncell   n\n--------\na      1\nbb    10"
    assert report.duration(0.00123) == "1.23 ms"
    assert report.marked(band([2.0] * 5)) == "> 2 [2, 2]"
    assert report.marked(band([0.5] * 5)) == "< 0.5 [0.5, 0.5]"
    assert report.marked(band([0.9, 1.0, 1.1, 1.0, 1.0])).startswith("=")


# the functions domain ------------------------------------------------------------------------


@pytest.mark.parametrize("question", questions(), ids=str)
def test_functions_are_answered_accurately(question: Question) -> None:
    answer = question.ours or answers.ours(question.operands, question.points, question.by_name)
    every = slice(None, run.EXACT_AT, 10)
    few = dataclasses.replace(question, points=question.points[every])
    assert run.error(answer()[every], run.reference(few)) < 1e-12


def test_quad_agrees_and_peers_refuse_in_words() -> None:
    (question,) = (each for each in questions() if each.name == "triangle * triangle")
    few = dataclasses.replace(question, points=question.points[::20])
    quad = answers.pointwise(few.operands, few.points)
    assert callable(quad)
    assert run.error(quad(), run.reference(few)) < 1e-12
    assert answers.pointwise(few.operands * 2, few.points) == "one integral for two functions"


def test_only_accurate_peers_count_and_losing_cells_stand_first() -> None:
    timing = {name: rounds.Timing([seconds] * 5, 1) for name, seconds in (("faltung", 2.0), ("a", 1.0), ("b", 0.1))}
    question = questions()[0]
    losing = run.Measured(question, timing, {"faltung": 1e-15, "a": 1e-13, "b": 1e-5}, {"c": "not installed"})
    alone = run.Measured(question, {"faltung": timing["faltung"]}, {"faltung": 1e-15})
    assert losing.accurate() == ["a"]
    table = run.report([alone, losing])
    assert [row[4] for row in table.rows] == ["a", "none"]
    assert table.styles[0] == "red"
    assert [line.split()[0] for line in run.remarks([losing])] == ["not", "inaccurate"]
