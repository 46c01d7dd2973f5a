"""What users are told of tensors and modules that cannot be.

As in `faltung.errors`: each function builds one exception; ``tests/test_torch_errors.py`` holds them all.
"""

from __future__ import annotations


def method_of_the_cpu(method: str, device: str) -> ValueError:
    """An algorithm of the native core for tensors that it cannot reach."""
    return ValueError(
        f"method={method!r} runs on the CPU, x is on {device}: expected method='auto' or 'vendor', or x.cpu()"
    )


def unknown_layer_word(layer: str, word: str, value: object) -> TypeError:
    """A keyword that a module does not know; PyTorch's name of the boundary is one."""
    ours = {"zeros": "constant", "circular": "wrap", "replicate": "edge"}.get(str(value), value)
    mend = f"; padding_mode is called boundary here: boundary={ours!r}" if word == "padding_mode" else ""
    return TypeError(f"{layer}() got an unexpected keyword argument {word!r}{mend}")


def module_types_differ(x: str, weight: str) -> TypeError:
    """An input of another type than the weight of the module that it is given to."""
    return TypeError(
        f"x holds {x}, the module's weight {weight}: expected the same type; x.to({weight}) makes it, or module.to({x})"
    )


def module_input(value: object) -> TypeError:
    """What a module is given that is no tensor."""
    kind = type(value).__name__
    return TypeError(f"x is a {kind}: expected a torch.Tensor (N, C, *space) or (C, *space); torch.as_tensor makes one")


def not_a_tensor(argument: str, value: object) -> TypeError:
    """What PyTorch makes no tensor of."""
    return TypeError(f"{argument} is {value!r}: expected a torch.Tensor, or what becomes one, such as numbers")
