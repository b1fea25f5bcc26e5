"""Read the arrays of a pickle that a stranger may have made: a stack machine that knows arrays and nothing else.

``paddle.save`` writes pickles, and Python's unpickler calls what a pickle asks it to call. Here nothing of a pickle is
ever called: of the opcodes (:mod:`pickletools` reads them) those that an array needs are carried out on the stack, and
the few names that an array asks for are words, each with a function of our own
(:mod:`paddle_camp.pickle_words`). PyTorch's tensors are read so too
(:mod:`paddle_camp.networks.torch_pickle`). Sizes are held against the file before anything is allocated: no argument is
longer than what is left of the file.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paddle_camp.pickle_words import CALLS, WORDS, Array, ItemType, PickleError, Storage, Word, need, put

MAX_OPCODES = 2_000_000  # the zoo's largest file of weights has some 30,000
_MARK = object()
Stack, Memo = list[Any], dict[int, Any]


def read_pickle(path: Path) -> Any:
    """What a pickle of arrays holds: dicts, lists, tuples, texts, numbers and numpy arrays.

    Raises:
        PickleError: damaged, or it asks for anything else.
        OSError: the file cannot be read.
    """
    return _finished(unpickle(io.BytesIO(path.read_bytes())))


def unpickle(stream: io.BytesIO) -> Any:
    """The pickle that begins where the stream stands, arrays and tensors not yet taken out of it.

    Raises:
        PickleError: as for :func:`read_pickle`.
    """
    try:
        return _run(stream)
    except PickleError:
        raise
    # What pickletools raises for a file that is cut, and a stack or a memo without what is asked for.
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, RecursionError) as error:
        raise PickleError(str(error) or type(error).__name__) from error


def _run(stream: io.BytesIO) -> Any:
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for _ in range(MAX_OPCODES):
        code = stream.read(1)
        need(bool(code), "more: the file ends too early")
        opcode = pickletools.code2op.get(code.decode("latin-1"))
        name = opcode.name if opcode else repr(code)
        if name == "STOP":
            need(len(stack) == 1, "a stack of one")
            return stack[0]
        need(name in _OPCODES, f"opcode {name}")  # before its argument is read
        argument = opcode.arg.reader(stream) if opcode.arg else None
        _OPCODES[name](stack, memo, argument)
    raise PickleError(f"it has more than {MAX_OPCODES:,} opcodes")


def _finished(value: Any) -> Any:
    """The arrays of a dict, as numpy has them; of its other values those that are plain."""
    if isinstance(value, dict):
        return {key: _finished_entry(entry) for key, entry in the_state(value, Array).items()}
    return _finished_entry(value)


def the_state(found: dict[str, Any], kind: type) -> dict[str, Any]:
    """The dict of weights: ``found``, or the one dict in it that has any, as in ``{"model": state, "epoch": 3}``.

    Args:
        kind: of an array on its way.

    Raises:
        PickleError: there are several.
    """

    def has_arrays(value: Any) -> bool:
        pairs = (each[1] if type(each) is tuple and len(each) == 2 else each for each in value.values())
        return any(isinstance(each, kind) for each in pairs)

    if has_arrays(found):
        return found
    states = [key for key, value in found.items() if type(value) is dict and has_arrays(value)]
    if len(states) > 1:
        raise PickleError(f"it holds several dicts of weights, {', '.join(states)[:200]!a}: save the one that is meant")
    return found[states[0]] if states else found


def _finished_entry(value: Any) -> Any:
    if type(value) is tuple and len(value) == 2 and isinstance(value[1], Array):
        return value[1].values  # paddle.save writes a parameter among other things as (its name, array)
    return value.values if isinstance(value, Array) else value


# --- the opcodes ---------------------------------------------------------------------------------------------------


def _word(stack: Stack, name: str) -> None:
    need(name in WORDS, f"{name[:80]!a}")
    stack.append(Word(name))


def _stack_word(stack: Stack, memo: Memo, argument: Any) -> None:
    name, module = stack.pop(), stack.pop()
    need(type(module) is str and type(name) is str, "a name that is none")
    _word(stack, f"{module}.{name}")


def _call(stack: Stack, memo: Memo, argument: Any) -> None:
    arguments, word = stack.pop(), stack.pop()
    need(isinstance(word, Word) and word.name in CALLS and type(arguments) is tuple, "such a call")
    stack.append(CALLS[word.name](arguments))


def _build(stack: Stack, memo: Memo, argument: Any) -> None:
    state = stack.pop()
    if type(stack[-1]) is dict and type(state) is dict:
        return  # PyTorch's state_dict has an attribute, the versions of its layers
    need(isinstance(stack[-1], Array | ItemType), "a state of something else than an array")
    stack[-1].build(state)


def _set_item(stack: Stack, memo: Memo, argument: Any) -> None:
    value, key = stack.pop(), stack.pop()
    put(stack[-1], key, value)


def _set_items(stack: Stack, memo: Memo, argument: Any) -> None:
    items = _since_mark(stack)
    for key, value in zip(items[::2], items[1::2], strict=True):
        put(stack[-1], key, value)


def _append(stack: Stack, memo: Memo, argument: Any) -> None:
    _extend(stack, [stack.pop()])


def _extend(stack: Stack, items: list) -> None:
    need(type(stack[-1]) is list, "something else than a list to append to")
    stack[-1].extend(items)


def _since_mark(stack: Stack) -> list:
    items: list[Any] = []
    while (value := stack.pop()) is not _MARK:
        items.append(value)
    return items[::-1]


def _push_last(count: int) -> Callable[[Stack, Memo, Any], None]:
    def push(stack: Stack, memo: Memo, argument: Any) -> None:
        items = tuple(stack.pop() for _ in range(count))[::-1]
        need(_MARK not in items, "a tuple over a mark")
        stack.append(items)

    return push


def _constant(make: Callable[[], Any]) -> Callable[[Stack, Memo, Any], None]:
    return lambda stack, memo, argument: stack.append(make())


def _literal(stack: Stack, memo: Memo, argument: Any) -> None:
    stack.append(argument)


def _remember(stack: Stack, memo: Memo, argument: Any) -> None:
    memo[len(memo) if argument is None else argument] = stack[-1]


_LITERALS = ["BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"]
_LITERALS += ["SHORT_BINSTRING", "BINSTRING"]  # Python 2's texts and bytes; both come as latin-1 texts, as in Paddle
_LITERALS += ["BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"]
_OPCODES: dict[str, Callable[[Stack, Memo, Any], None]] = {
    **dict.fromkeys(_LITERALS, _literal),
    **dict.fromkeys(("PROTO", "FRAME"), lambda stack, memo, argument: None),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda stack, memo, argument: stack.append(memo[argument])),
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_DICT": _constant(dict),
    "EMPTY_LIST": _constant(list),
    "EMPTY_TUPLE": _constant(tuple),
    "MARK": _constant(lambda: _MARK),
    "TUPLE": lambda stack, memo, argument: stack.append(tuple(_since_mark(stack))),
    "TUPLE1": _push_last(1),
    "TUPLE2": _push_last(2),
    "TUPLE3": _push_last(3),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "APPEND": _append,
    "APPENDS": lambda stack, memo, argument: _extend(stack, _since_mark(stack)),
    "GLOBAL": lambda stack, memo, argument: _word(stack, argument.replace(" ", ".")),
    "STACK_GLOBAL": _stack_word,
    "REDUCE": _call,
    "BUILD": _build,
    "BINPERSID": lambda stack, memo, argument: stack.append(Storage.of(stack.pop())),
}
