"""What users of continuous functions are told: every message of this wing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def unresolved(low: float, high: float, most: int) -> ValueError:
    """A callable too rough for the representation."""
    return ValueError(
        f"function: {most:,} polynomial pieces do not follow it, the first trouble lies near {low:g}, the last near "
        f"{high:g}; expected a piecewise smooth function: name jumps and kinks in breakpoints=, loosen tolerance=, "
        "or cut a long oscillating tail off with a finite support="
    )


def not_finite(at: float, value: Any) -> ValueError:
    """A callable that is infinite or NaN inside its support."""
    return ValueError(
        f"function({at!r}) is {value}: expected finite values inside the support; a singularity belongs at a break "
        "point, its exponents said in singular={point: (before, after)}"
    )


def nothing_found() -> ValueError:
    """A callable that is zero wherever it was sampled."""
    return ValueError(
        "function is 0 at every point it was sampled at: expected one that is not; a narrow function is found by a "
        "break point near it, in breakpoints=, and the zero function is Function.box(0, 1) * 0"
    )


def overflows(operation: str) -> OverflowError:
    """A convolution beyond the largest number."""
    return OverflowError(
        f"{operation}: values may exceed the largest float64, 1.8e308: expected operands whose sizes multiply to less; "
        "scale one of them down first"
    )


def too_far(what: str, at: float, apart: float, needed: float) -> ValueError:
    """A result so far from 0 that neighbouring numbers are too far apart for it."""
    return ValueError(
        f"{what} would lie near {at:.6g}, where numbers are {apart:.2g} apart: expected a place where they are at most "
        f"{needed:.2g} apart, so that it keeps its shape; shift it towards 0, and count from there"
    )


def not_vectorised(reason: str) -> TypeError:
    """A callable that takes no arrays."""
    return TypeError(
        f"function takes no array of points ({reason}): expected a callable such as numpy.sin, which math.sin is not; "
        "numpy.vectorize wraps one that takes a number"
    )


def diverges_at(at: float, exponent: float) -> ValueError:
    """A callable with a pole."""
    return ValueError(
        f"function: near {at!r} it grows like the distance to the power {exponent:.6g}: its integral there does not "
        "converge, so no convolution with it exists; expected a power above -1; keep the point out of support="
    )


def undeclared_power(at: float, before: float, after: float) -> ValueError:
    """A callable with an integrable singularity at a point where nobody said it."""
    exponents = f"{before:.6g}" if before == after else f"({before:.6g}, {after:.6g})"
    return ValueError(
        f"function: near {at!r} it grows like a power of the distance, which bisection does not resolve: expected "
        f"a break point there, breakpoints=[{at!r}], or the exponent, singular={{{at!r}: {exponents}}}"
    )


def undeclared_singularity(at: float, share: float) -> ValueError:
    """A callable with a singularity that bisection cannot exhaust, and that is no power."""
    return ValueError(
        f"function: near {at!r} it is singular, and like no power: {share:.1e} of its integral still lies where "
        "numbers end, so that it may not converge; expected values that are finite, or that grow like a power above -1"
    )


def not_integrable(side: str, reason: str) -> ValueError:
    """A function whose integral does not converge on its infinite support."""
    return ValueError(
        f"function: its integral towards {side} does not converge ({reason}), which a Function on an infinite support "
        "needs; expected a function that decays; cut it off with a finite support=(low, high), or convolve its formula "
        "with SymPy"
    )


def infinite_integral(operation: str, side: str, limit: Any) -> ValueError:
    """The integral, or antiderivative, of a function that comes to a constant far out."""
    return ValueError(
        f"{operation}: towards {side} the function comes to {limit:.6g}, so that its integral does not converge; "
        "expected one that vanishes far out; integral(low, high) takes finite ends"
    )


def diverges(operation: str, reason: str) -> ValueError:
    """A convolution or correlation of two functions that does not exist, or grows without bound."""
    integrand = "x(t + a) w*(a)" if operation == "correlate" else "x(a) w(t - a)"
    return ValueError(
        f"{operation}: the integral of {integrand} {reason}; expected at least one operand with compact or "
        "decaying support; cut one off with Function(f, support=(low, high))"
    )


def bad_support(support: Any) -> ValueError:
    """A support that is no interval."""
    return ValueError(f"support={support!r}: expected (low, high) with low < high, either may be infinite")


def breakpoint_outside(point: float, support: tuple[float, float]) -> ValueError:
    """A break point beyond the support."""
    return ValueError(f"breakpoints: {point!r} lies outside support={support!r}: expected points inside it")


def exponent_too_low(point: float, exponent: float) -> ValueError:
    """A singularity that cannot be integrated."""
    return ValueError(
        f"singular: exponent {exponent!r} at {point!r} is not integrable: expected more than -1; an atom is "
        "Function.delta"
    )


def not_a_function(argument: str, value: Any) -> TypeError:
    """An operand that cannot stand beside a Function."""
    return TypeError(
        f"{argument} is a {type(value).__name__}: expected a Function beside a Function; Function(f, support=...) "
        "makes one of a callable, Function.from_samples(t, values) of samples, spacing= convolves an array, and a "
        "Density d has the Function d.density"
    )


def product_of_functions() -> TypeError:
    """``f * g`` where both are Functions."""
    return TypeError(
        "f * g: both are Functions: expected a number beside a Function; convolve(f, g) convolves, and "
        "Function(lambda t: f(t) * g(t), support=...) is the pointwise product"
    )


def constant_added(written: str) -> TypeError:
    """A number added to a function, or taken from it."""
    return TypeError(
        f"{written}: expected a Function beside a Function: a constant has no support; a box of that height, "
        "Function.box(low, high, height), adds it on an interval, Function.step from a point on, and f.shift moves f"
    )


def spacing_beside_function(value: Any) -> TypeError:
    """spacing= where x is no sampled signal."""
    return TypeError(
        f"spacing={value!r}: x is a Function: expected a sampled signal as x and the Function as w; two Functions need "
        "no spacing"
    )


def array_options(names: Sequence[str]) -> TypeError:
    """Options of other operands beside Functions."""
    return TypeError(
        f"{', '.join(names)}: Functions do not have that; expected convolve(x, w) and correlate(x, w) without"
    )


def unknown_method(method: str, names: Sequence[str]) -> ValueError:
    """method= names no algorithm of the continuous table."""
    return ValueError(f"method={method!r}: expected 'auto' or one of {', '.join(map(repr, names))} for Functions")


def parameter(argument: str, value: Any, expected: str) -> ValueError:
    """A parameter of a closed form, a density or a call that makes no sense."""
    return ValueError(f"{argument}={value!r}: expected {expected}")


def described(argument: str, description: str, expected: str) -> ValueError:
    """A parameter that makes no sense, and is too long or too opaque to be shown: what it is, in words."""
    return ValueError(f"{argument}: {description}: expected {expected}")


def not_a_density(argument: str, reason: str) -> ValueError:
    """A weight function or a law that is no density."""
    mend = "normalize=True divides by a positive integral, convolve(x, w) asks for no density"
    if argument != "w":
        mend = "f / f.integral() has an integral of 1"
    return ValueError(f"{argument} is no density: {reason}; expected an integral of 1 and no negative value; {mend}")


def not_a_distribution(value: Any) -> TypeError:
    """Something that Density cannot be made from."""
    return TypeError(
        f"distribution is a {type(value).__name__}: expected a frozen scipy.stats distribution, such as "
        "scipy.stats.norm(0, 1), or a Function that is a density"
    )


def rough_law(low: float, high: float, most: int) -> ValueError:
    """A law whose density the representation does not follow."""
    return ValueError(
        f"distribution: {most} polynomial pieces do not follow its pdf, from {low:g} to {high:g}: expected one that is "
        "smooth but for a few kinks, its outermost thousandths no more than 25 doublings away from the rest; cut a "
        "heavier tail off, or make a Density of Function(pdf, support, breakpoints=...)"
    )


def lattice_has_no_pdf(name: str) -> ValueError:
    """The density function of a discrete law."""
    return ValueError(f"{name}: this law has atoms only: expected pmf(x), or cdf(x), which every law has")


def independent_copies(count: Any) -> ValueError:
    """A number of copies that makes no sum."""
    return ValueError(f"n={count!r}: expected how many independent copies to add, an integer of at least 1")


def not_differentiable(point: float) -> ValueError:
    """A derivative that is no function and no atom."""
    return ValueError(
        f"derivative: near {point!r} the function grows like a power or logarithm whose derivative is not integrable; "
        "expected finite end values; convolve first, and take the derivative of the result"
    )


def method_refuses(method: str, reason: str) -> ValueError:
    """method= names an algorithm that cannot do this pair."""
    return ValueError(f"method={method!r} refuses: {reason}; method='auto' takes the fastest that can")


def expression(text: str, part: str, expected: str) -> ValueError:
    """A written function that cannot be read."""
    where = f"expression {text!r}" if part == text else f"expression {text!r}, at {part!r}"
    return ValueError(f"{where}: expected {expected}; for example 'exp(-t) on 0..inf' or '2*box(0, 1)'")
