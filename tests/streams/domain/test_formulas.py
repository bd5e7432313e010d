"""Formulas: what is one, what is none and why, and that text and tree say the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.formulas import (
    DEPTH_MAX,
    Binary,
    Call,
    FormulaError,
    Name,
    Negative,
    Node,
    Number,
    Text,
    names_in,
    parsed,
    written,
)

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
LEAVES = st.one_of(
    st.decimals(0, 10**6, places=3).map(Number),
    NAMES.map(Name),
    st.builds(Call, NAMES, st.from_regex(r'[^"\n]{1,10}', fullmatch=True).map(Text)),
)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(Binary, st.sampled_from("+-*/"), inner, inner),
        st.builds(Call, NAMES, inner),
        inner.filter(lambda node: not isinstance(node, Negative)).map(Negative),
    )


@given(st.recursive(LEAVES, _grown, max_leaves=12))
def test_a_tree_comes_back_from_its_text(node: Node) -> None:
    assert parsed(written(node)) == node


@given(st.text(alphabet='ab1.()+-*/" ', max_size=25))
def test_anything_is_a_formula_or_told_to_be_none_with_its_place(text: str) -> None:
    try:
        node = parsed(text)
    except FormulaError as error:
        at = error.at
    else:
        at = 1
        assert parsed(written(node)) == node
    assert 1 <= at <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("a - b - c", "(a - b) - c"),
        ("a / b * c", "(a / b) * c"),
        ("a + b * c", "a + (b * c)"),
        ("-a * b", "(-a) * b"),
        (" a+b ", "a + b"),
    ],
)
def test_signs_bind_as_in_school(text: str, same_as: str) -> None:
    assert parsed(text) == parsed(same_as)
    assert parsed("a - (b - c)") != parsed("a - b - c")


@pytest.mark.parametrize(
    ("text", "said", "at"),
    [
        ("", "it ends where a name or a number belongs", 1),
        ("a +", "it ends where a name or a number belongs", 4),
        ("a b", "'b' is not expected here", 3),
        ("(a", "a bracket is not closed", 3),
        ("a ^ b", "'^' has no meaning in a formula", 3),
        ("a + * b", "'*' stands where a name or a number belongs", 5),
        ("--a", "two signs in a row", 2),
        ("__import__('os')", '"\'" has no meaning in a formula', 12),
        ("1e9", "'e9' is not expected here", 2),
        ("1234567890123456", "a number has more than 15 digits", 1),
    ],
)
def test_what_is_no_formula_is_told_with_its_place(text: str, said: str, at: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parsed(text)
    assert str(caught.value) == f"{said} (character {at})"


def test_brackets_and_length_have_a_limit() -> None:
    assert parsed("(" * (DEPTH_MAX - 1) + "a" + ")" * (DEPTH_MAX - 1)) == Name("a")
    with pytest.raises(FormulaError, match="deeper"):
        parsed("(" * DEPTH_MAX + "a" + ")" * DEPTH_MAX)
    with pytest.raises(FormulaError, match="longer than 1000"):
        parsed("a + " * 300 + "a")


def test_names_and_numbers_are_found_as_they_stand() -> None:
    assert list(names_in(parsed('won / (won + lost(a)) - reached("x")'))) == ["won", "won", "a"]
    assert parsed("0.50") == Number(Decimal("0.50"))
