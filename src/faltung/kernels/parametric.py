"""Named kernels whose parameters are arrays of a library that differentiates, and so are they."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

from faltung import errors
from faltung.kernels import parameters, profiles


class Parametric:
    """The kernels with parameters, for one library: `faltung.torch.kernels`, `faltung.jax.kernels`."""

    def __init__(
        self,
        namespace: Any,
        parameter: Callable[[Any], Any],
        value: Callable[[Any], float | None],
        steps: Callable[[range, Any], Any],
    ) -> None:
        self._namespace = namespace
        self._parameter = parameter  # a number as an array of the library; arrays as they are
        self._value = value  # the number that a parameter holds, None while it is traced
        self._steps = steps  # whole numbers beside a parameter: of its type, on its device

    def gaussian(self, sigma: Any, ndim: int | None = None, *, truncate: float = 4.0, radius: int | None = None) -> Any:
        """`faltung.kernels.gaussian` as an array of the library, differentiable by ``sigma``.

        Parameters
        ----------
        sigma
            Standard deviation in samples: one number or array without axes for all axes, or
            one for each.
        ndim
            Number of axes; by default 1, or as many as ``sigma`` has numbers.
        truncate
            Where the samples end, in standard deviations; has no derivative.
        radius
            How many samples there are to both sides, instead of ``truncate``: what a traced or
            mapped ``sigma`` needs, whose value is not known, and one that learns, lest the kernel's
            shape follow it.

        Returns
        -------
        array
            ``2 * radius + 1`` samples along each axis, which sum to 1.

        Raises
        ------
        ValueError
            A parameter is not a finite number above 0, or traced, without ``radius``.
        """
        sigmas = self._per_axis("sigma", sigma, ndim)
        reach = parameters.positive("truncate", truncate)
        radii = [self._samples("sigma", s, radius, "radius", lambda value: int(reach * value + 0.5)) for s in sigmas]
        return self._product(profiles.bell, sigmas, radii)

    def box(self, width: Any, ndim: int | None = None, *, radius: int | None = None) -> Any:
        """The average over ``width`` samples, differentiable by it: the samples at the ends count
        as far as they lie within. An odd whole width is `faltung.kernels.box`, whose ``size`` is a
        count of samples: a width is a length, which may lie between.

        Parameters
        ----------
        width
            A number or array without axes for all axes, or one for each; not below 1.
        ndim, radius
            As for `gaussian`.

        Returns
        -------
        array
            ``2 * radius + 1`` samples along each axis.

        Raises
        ------
        ValueError
            As for `gaussian`.
        """
        widths = self._per_axis("width", width, ndim)
        radii = [
            self._samples(
                "width", w, radius, "radius", lambda value: math.ceil((value - 1) / 2), parameters.at_least_one
            )
            for w in widths
        ]
        return self._product(profiles.coverage, widths, radii)

    def exponential(self, age: Any, *, truncate: float = 10.0, length: int | None = None) -> Any:
        """`faltung.kernels.exponential` as an array of the library, differentiable by ``age``.

        Parameters
        ----------
        age
            Time constant in samples, a number or an array without axes.
        truncate
            Where the weights end, in time constants; has no derivative.
        length
            How many weights there are, instead of ``truncate``; as ``radius`` for `gaussian`.

        Returns
        -------
        array
            Weights from age 0 on, which sum to 1: a layer takes them with ``padding="causal"``.

        Raises
        ------
        ValueError
            As for `gaussian`.
        """
        constant, reach = self._parameter(age), parameters.positive("truncate", truncate)
        count = self._samples("age", constant, length, "length", lambda value: math.ceil(reach * value))
        return profiles.decay(self._namespace, self._steps(range(count), constant), constant)

    def _per_axis(self, argument: str, value: Any, ndim: int | None) -> list[Any]:
        if not isinstance(value, list | tuple):
            array = self._parameter(value)
            if not array.ndim:
                return [array] * (1 if ndim is None else parameters.dimensions(ndim))
            value = list(array)
        return [self._parameter(each) for each in parameters.per_axis(argument, value, ndim)]

    def _samples(
        self,
        argument: str,
        parameter: Any,
        said: int | None,
        word: str,
        count: Callable[[float], int],
        checked: Callable[[str, float], float] = parameters.positive,
    ) -> int:
        """How many samples there are: as said, or as the parameter's value has it, which is checked if known."""
        number = self._value(parameter)
        number = None if number is None else checked(argument, number)
        if said is not None:
            return parameters.count(word, said, least=0)
        if number is None:
            raise errors.kernel_parameter_unknown(argument, word)
        return int(parameters.below_longest(argument, number, count(number)))

    def _product(self, profile: Callable[..., Any], each: list[Any], radii: list[int]) -> Any:
        """The outer product of a profile with each parameter."""
        lines = [
            profile(self._namespace, self._steps(range(-radius, radius + 1), parameter), parameter)
            for parameter, radius in zip(each, radii, strict=True)
        ]
        return reduce(lambda total, line: total[..., None] * line, lines)
