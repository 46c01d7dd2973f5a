"""Layers with kernels that learn: the modules of `torch.nn`, with any boundary.

Parameters are named ``weight`` and ``bias`` and start as those of `torch.nn.Conv2d`, so the
`Correlation` modules read its state dictionaries.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Never

import torch

from faltung.meaning.extent import Operation
from faltung.task.per_axis import each, step
from faltung.tensor import errors
from faltung.tensor.form import check_computing
from faltung.tensor.layer import Boundaries, Integers, Options, Said, read_layer
from faltung.tensor.padding import Padding
from faltung.tensor.transposed import read_output_padding
from faltung.torch import errors as torch_errors
from faltung.torch.functions import operate


class KernelBank(torch.nn.Module):
    """A bank of kernels; the help of `Convolution2d` says what the parameters mean."""

    operation: ClassVar[Operation]
    axes: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        *,
        stride: Integers = 1,
        padding: Padding = 0,
        dilation: Integers = 1,
        groups: int = 1,
        bias: bool = True,
        boundary: Boundaries = "constant",
        fill_value: complex = 0,
        accuracy: str | float = "norm",
        method: str = "auto",
        threads: int | None = None,
        device: Any = None,
        dtype: Any = None,
        **unknown: Never,
    ) -> None:
        super().__init__()
        for word in unknown:
            raise torch_errors.unknown_layer_word(type(self).__name__, word, unknown[word])
        check_computing(method, threads, "vendor")
        said = Options(stride, padding, dilation, groups, 1, boundary, fill_value, accuracy)
        layer = read_layer(self.operation, self.axes, said)
        if padding == "same":
            said = said._replace(padding="same_upper")
        for count, words in ((in_channels, "in_channels"), (out_channels, "out_channels")):
            if step(words)(count) % layer.groups:
                raise errors.groups_do_not_divide(layer.groups, words, count)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = each("kernel_size", kernel_size, self.axes, step("kernel_size"))
        self._said, self._padding = Said(said, None, method, threads, 0), padding
        channels = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (channels[0], channels[1] // layer.groups, *self.kernel_size)
        self.weight = torch.nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        offsets = torch.nn.Parameter(torch.empty(out_channels, device=device, dtype=dtype)) if bias else None
        self.register_parameter("bias", offsets)
        self.reset_parameters()

    # What was said, read as of PyTorch's layers; it does not change, as channels and padding were checked with it.
    stride = property(lambda self: self._said.options.stride, doc="Step between outputs.")
    padding = property(lambda self: self._padding, doc="What is added at the edges, as it was said.")
    dilation = property(lambda self: self._said.options.dilation, doc="Step between taps.")
    groups = property(lambda self: self._said.options.groups, doc="Groups of channels.")
    boundary = property(lambda self: self._said.options.boundary, doc="What the padding reads.")
    fill_value = property(lambda self: self._said.options.fill_value, doc="What a constant padding reads.")
    output_padding = property(lambda self: self._said.output_padding, doc="What a transposed layer adds.")

    def reset_parameters(self) -> None:
        """Draw the parameters anew: uniform within one over the root of the terms of an output."""
        bound = 1 / math.sqrt(max(self.weight[0].numel(), 1))
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x: Any) -> Any:
        """The feature maps of ``x``, which has the weight's type (any under autocast, which plays no part here)."""
        if not isinstance(x, torch.Tensor):
            raise torch_errors.module_input(x)
        kind = x.device.type
        autocast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        if x.dtype != self.weight.dtype and not autocast:
            raise torch_errors.module_types_differ(str(x.dtype), str(self.weight.dtype))
        return operate(self.operation, x, self.weight, self._said._replace(bias=self.bias), self.transposed)

    def extra_repr(self) -> str:
        """What was said of the layer, where it is not the default."""
        words = [str(self.in_channels), str(self.out_channels), f"kernel_size={self.kernel_size}"]
        said, default = self._said.options._replace(padding=self._padding), Options()
        pairs = zip(said._fields, said, default, strict=True)
        words += [f"{name}={value!r}" for name, value, usual in pairs if value != usual]
        words += [f"output_padding={self._said.output_padding!r}"] * (self._said.output_padding != 0)
        return ", ".join(words + ["bias=False"] * (self.bias is None))


class Convolution1d(KernelBank):
    """Convolution of sequences: kernels are flipped. Parameters as those of `Convolution2d`."""

    operation, axes = "convolve", 1


class Convolution2d(KernelBank):
    """Convolution of images, feature maps (N, C, *space) or (C, *space): kernels are flipped.

    Parameters
    ----------
    in_channels, out_channels
        C and O.
    kernel_size
        Taps along each axis: one number for all, or one for each.
    stride, dilation
        Step between outputs and between taps, one for all axes or one for each.
    padding
        As for `faltung.tensor.convolve`, but ``"same"`` is PyTorch's: the odd sample at the high
        end. PyTorch has it for stride 1; here it goes on as ``"same_upper"``.
    groups
        Channels fall into this many groups that do not see each other.
    bias
        Whether to add a number that learns to each output channel.
    boundary, fill_value
        What the padding reads, in NumPy's words: ``"constant"``, ``"edge"``, ``"reflect"``,
        ``"symmetric"`` or ``"wrap"``.
    accuracy, method, threads
        As for `faltung.convolve`.
    device, dtype
        Of the parameters, as in `torch.nn`; on the CPU the native core computes.

    Raises
    ------
    ValueError, TypeError
        An option makes no sense, or groups do not divide the channels.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> layer = ftt.Convolution2d(3, 16, 5, padding="same", boundary="reflect")
    >>> layer
    Convolution2d(3, 16, kernel_size=(5, 5), padding='same', boundary='reflect')
    >>> layer(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 16, 32, 32])
    """

    operation, axes = "convolve", 2


class Convolution3d(KernelBank):
    """Convolution of volumes: kernels are flipped. Parameters as those of `Convolution2d`."""

    operation, axes = "convolve", 3


class Correlation1d(KernelBank):
    """`torch.nn.Conv1d` with any boundary. Parameters as those of `Convolution2d`."""

    operation, axes = "correlate", 1


class Correlation2d(KernelBank):
    """`torch.nn.Conv2d` with any boundary. Parameters as those of `Convolution2d`.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> theirs, ours = torch.nn.Conv2d(3, 8, 3, padding=1), ftt.Correlation2d(3, 8, 3, padding=1)
    >>> ours.load_state_dict(theirs.state_dict())
    <All keys matched successfully>
    >>> x = torch.rand(2, 3, 9, 9)
    >>> torch.allclose(ours(x), theirs(x), atol=1e-5)
    True
    """

    operation, axes = "correlate", 2


class Correlation3d(KernelBank):
    """`torch.nn.Conv3d` with any boundary. Parameters as those of `Convolution2d`."""

    operation, axes = "correlate", 3


class TransposedKernelBank(KernelBank):
    """The adjoint of such a bank; the help of `CorrelationTransposed2d` says what the parameters mean."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        *,
        output_padding: Integers = 0,
        **words: Any,
    ) -> None:
        if "fill_value" in words:  # an adjoint reads nothing beyond the edges
            raise torch_errors.unknown_layer_word(type(self).__name__, "fill_value", words["fill_value"])
        super().__init__(in_channels, out_channels, kernel_size, **words)
        read_output_padding(read_layer(self.operation, self.axes, self._said.options), output_padding)
        self._said = self._said._replace(output_padding=output_padding)


class ConvolutionTransposed1d(TransposedKernelBank):
    """The adjoint of `Convolution1d`. Parameters as those of `CorrelationTransposed2d`."""

    operation, axes = "convolve", 1


class ConvolutionTransposed2d(TransposedKernelBank):
    """The adjoint of `Convolution2d`. Parameters as those of `CorrelationTransposed2d`."""

    operation, axes = "convolve", 2


class ConvolutionTransposed3d(TransposedKernelBank):
    """The adjoint of `Convolution3d`. Parameters as those of `CorrelationTransposed2d`."""

    operation, axes = "convolve", 3


class CorrelationTransposed1d(TransposedKernelBank):
    """`torch.nn.ConvTranspose1d`. Parameters as those of `CorrelationTransposed2d`."""

    operation, axes = "correlate", 1


class CorrelationTransposed2d(TransposedKernelBank):
    """`torch.nn.ConvTranspose2d`: feature maps grow by the stride, as in the second half of a U-Net.

    Parameters
    ----------
    in_channels, out_channels, kernel_size
        C, O and the taps; the weight is (C, O/groups, *kernel), as PyTorch has it.
    output_padding
        Outputs added at the high end of each axis, below the stride: the stride leaves open how
        long the forward layer's input was.
    stride, padding, dilation, groups, bias, boundary, accuracy, method, threads, device, dtype
        Those of the forward layer, `Correlation2d`, whose adjoint this is.

    Raises
    ------
    ValueError, TypeError
        An option makes no sense, or groups do not divide the channels.

    Examples
    --------
    >>> import torch, faltung.torch as ftt
    >>> theirs, ours = torch.nn.ConvTranspose2d(8, 3, 2, stride=2), ftt.CorrelationTransposed2d(8, 3, 2, stride=2)
    >>> ours.load_state_dict(theirs.state_dict())
    <All keys matched successfully>
    >>> x = torch.rand(2, 8, 9, 9)
    >>> torch.allclose(ours(x), theirs(x), atol=1e-5)
    True
    """

    operation, axes = "correlate", 2


class CorrelationTransposed3d(TransposedKernelBank):
    """`torch.nn.ConvTranspose3d`. Parameters as those of `CorrelationTransposed2d`."""

    operation, axes = "correlate", 3
