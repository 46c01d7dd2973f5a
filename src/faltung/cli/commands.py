"""The commands and their options; each hands over to the file of its name and prints what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from faltung import settings
from faltung.cli import apply as applying
from faltung.cli import fit_kernel as fitting
from faltung.cli import function as functions
from faltung.cli import kernel_library, printing
from faltung.cli.command_error import CommandError, told_by_the_library
from faltung.cli.patience import patience
from faltung.planner import explanation
from faltung.planner.choose import choose
from faltung.task.problem import Problem

app = typer.Typer(
    name="faltung",
    help="Convolve photographs, sound and arrays; see what an algorithm costs and why it was chosen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_INPUT_HELP = "A photograph (.png, .jpg), a sound (.wav) or an array (.npy)."
_KERNEL_HELP = (
    "A name with parameters (gaussian:sigma=3), numbers ('1 2 1; 2 4 2; 1 2 1', fractions as 1/9), "
    "or a file (.npy, .wav as an impulse response, a picture as grey)."
)
_BOUNDARY_HELP = (
    "Beyond the edges: constant, edge, reflect, symmetric{}; one, or one per axis "
    "between commas. Photographs: symmetric; others: constant."
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="faltung")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@contextmanager
def failing_in_a_line() -> Iterator[None]:
    """Tell a `CommandError` in one line on the error stream, and end with status 2."""
    try:
        yield
    except CommandError as failure:
        typer.echo(f"faltung: {' '.join(str(failure).split())}", err=True)
        raise typer.Exit(2) from None


def _show_version(wanted: bool) -> None:
    if wanted:
        from faltung import __version__

        threads = settings.get_threads()
        words = "1 thread" if threads == 1 else f"{threads} threads"
        typer.echo(f"faltung {__version__}, instruction set {settings.get_instruction_set()}, {words}")
        raise typer.Exit


@app.callback()
def faltung(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Version, instruction set and threads."),
    ] = False,
) -> None:
    """Convolve photographs, sound and arrays; see what an algorithm costs and why it was chosen."""


@app.command()
def apply(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help=_INPUT_HELP)],
    kernel: Annotated[str, typer.Option("--kernel", "-k", help=_KERNEL_HELP)],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    mode: Annotated[
        str | None, typer.Option(help="full, same or valid. Photographs: same; others: full.", show_default=False)
    ] = None,
    boundary: Annotated[
        str | None, typer.Option(help=_BOUNDARY_HELP.format(", wrap or normalize"), show_default=False)
    ] = None,
    axes: Annotated[
        str | None, typer.Option(help="Arrays: the axes along which the kernel's lie, e.g. 0,1.", show_default=False)
    ] = None,
    correlate: Annotated[bool, typer.Option("--correlate", help="Do not flip the kernel.")] = False,
    keep_float: Annotated[
        bool, typer.Option("--keep-float", help="Write floating numbers (.npy), neither rounded nor clipped.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the output if it exists.")] = False,
) -> None:
    """Convolve a photograph, a sound or an array with a kernel.

    faltung apply photo.jpg --kernel gaussian:sigma=3 -o blurred.png

    faltung apply voice.wav --kernel room.wav -o voice-in-room.wav
    """
    with failing_in_a_line():
        request = applying.Request(
            source, output, kernel, "correlate" if correlate else "convolve", mode, boundary,
            _axes(axes), keep_float, force,
        )  # fmt: skip
        with patience(f"{request.operation} {printing.printable(source.name)}"):
            done = applying.apply(request)
        printing.report(done, _console())


@app.command("fit-kernel")
def fit_kernel(
    before: Annotated[Path, typer.Argument(help="A photograph (.png, .jpg), or an array (.npy).")],
    after: Annotated[Path, typer.Argument(help="The same, filtered.")],
    shape: Annotated[str, typer.Option("--shape", "-s", help="Lengths of the kernel, e.g. 9x9.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write the kernel to (.npy).")],
    boundary: Annotated[str | None, typer.Option(help=_BOUNDARY_HELP.format(" or wrap"), show_default=False)] = None,
    ridge: Annotated[float, typer.Option(help="What large weights cost; 1e-6 is mild.")] = 0.0,
    interior: Annotated[
        bool, typer.Option("--interior", help="Leave out what reads beyond the edges, if the boundary is unknown.")
    ] = False,
    correlate: Annotated[bool, typer.Option("--correlate", help="A kernel that is not flipped.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the output if it exists.")] = False,
) -> None:
    """Recover the filter that someone applied: the kernel that best maps one picture to another.

    faltung fit-kernel before.png after.png --shape 9x9 -o kernel.npy
    """
    with failing_in_a_line():
        operation = "correlate" if correlate else "convolve"
        request = fitting.Request(before, after, output, shape, operation, boundary, ridge, interior, force)  # type: ignore[arg-type]
        with patience(f"fit a kernel to {printing.printable(after.name)}"):
            found = fitting.fit(request)
        _console().print(found)


@app.command()
def plan(
    line: Annotated[str, typer.Argument(help="e.g. 'convolve x=f32[2048,2048] w=f32[31,31] mode=same'")],
    method: Annotated[str, typer.Option(help="Plan with this algorithm instead of the fastest.")] = "auto",
) -> None:
    """Say which algorithm a problem would take, what it costs, and why others refuse."""
    with failing_in_a_line(), told_by_the_library():
        problem = Problem.parse(line)
        printing.plain(explanation.as_text(problem, choose(problem, method)), _console())


@app.command()
def kernels(
    name: Annotated[
        str | None, typer.Argument(help="One of them, with or without parameters.", show_default=False)
    ] = None,
) -> None:
    """List the named kernels, or show one."""
    with failing_in_a_line():
        shown: Any = kernel_library.table() if name is None else kernel_library.detail(name)
        _console().print(shown)


@app.command()
def function(
    x: Annotated[str, typer.Argument(help="A function, e.g. 'exp(-t) on 0..inf' or 'gaussian(0, 2)'.")],
    w: Annotated[str, typer.Argument(help="Another, e.g. 'box(0, 1)'.")],
    at: Annotated[list[float] | None, typer.Option(help="Print the value there; may be repeated.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Picture to write (.png, .svg, .pdf).")] = None,
    correlate: Annotated[bool, typer.Option("--correlate", help="Do not flip the second.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the output if it exists.")] = False,
) -> None:
    """Convolve two functions of t: the integral itself, to 13 digits.

    faltung function "exp(-t) on 0..inf" "box(0, 1)" -o s.png

    faltung function "sin(t) on 0..2*pi" "exponential(2)" --at 1.5
    """
    with failing_in_a_line():
        operation = "correlate" if correlate else "convolve"
        request = functions.Request(x, w, operation, tuple(at or ()), output, force)
        for line in functions.convolve(request):
            printing.plain(line, _console())


@app.command()
def demo(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the pictures.  [default: faltung-demo]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite files in the folder of --output.")] = False,
) -> None:
    """Blur, sharpen, find edges, smooth a recorded series: on a real photograph and a real signal."""
    with failing_in_a_line():
        from faltung.cli.demo import show

        # The folder of the demo's own name is its own to overwrite.
        show(output or Path("faltung-demo"), _console(), force or output is None)


def _axes(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise CommandError(f"--axes={text!r}: expected integers between commas, such as 0,1") from None


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
