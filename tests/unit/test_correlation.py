"""Rank correlations: what a case states is what the draws show, nothing else about them changes, and what no numbers can have is refused."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import linalg, stats

from materiel import portable
from materiel.engine.draws import Sampler, sample, uniforms
from materiel.errors import CaseError, Place
from materiel.evidence.correlation import LEAST_OWN, MOST, Pair, cholesky, linear, matrix, rows
from materiel.evidence.pooling import Part, Prior
from materiel.quantities import read
from runs import same_bits

SAID = {
    "log": read("2 to 8")[0],
    "linear": read("-2 to 5")[0],
    "logit": read("0.2 to 0.7", share=True)[0],
    "three-point": read({"p5": 1, "p50": 2, "p95": 9})[0],
    "uniform": read({"dist": "uniform", "low": 1, "high": 3})[0],
    "triangular": read({"dist": "triangular", "low": 1, "mode": 2, "high": 6})[0],
    "exponential": read({"dist": "exponential", "mean": 3})[0],
}
RANKS = (-0.9, -0.3, 0.5, 0.95)
DRAWS = 200_000
PINNED_ROW = ["0x1.00aeb5da15be0p-2", "0x1.7c05b70f8d14fp-2", "0x1.51f882d8e82dep-2", "0x1.a9748feba14dap-1"]
PINNED_DRAWS = ["0x1.2e152ea425b04p+2", "0x1.97cd458bb9c6dp+1", "0x1.16213d1b16885p+2"]


def stated(*pairs: tuple[str, str, float]) -> list[Pair]:
    return [Pair(a, b, rank, Place("case.yaml", line)) for line, (a, b, rank) in enumerate(pairs, 1)]


def priors(said: dict[str, str], *pairs: tuple[str, str, float]) -> dict[str, Prior]:
    """Return numbers by name, each saying what `SAID` has under the word given, correlated as stated."""
    mixing = rows(stated(*pairs))
    return {name: Prior(name, name, "1", "base", "", (Part(1.0, SAID[word]),), mixing=mixing.get(name, ())) for name, word in said.items()}


def refused(*pairs: tuple[str, str, float]) -> list[str]:
    with pytest.raises(CaseError) as caught:
        rows(stated(*pairs))
    return [str(problem) for problem in caught.value.problems]


# ---------------------------------------------------------------------------- draws


@pytest.mark.parametrize("rank", RANKS)
def test_draws_have_the_rank_correlation_that_was_stated(rank):
    """Of every kind with three kinds, its own among them; the error of a rank correlation of n draws is (1 - rank^2) * 1.1 / sqrt(n) at most."""
    words = list(SAID)
    pairs = [(one, words[(i + k) % len(words)]) for i, one in enumerate(words) for k in (0, 1, 3)]
    apart: list[Prior] = []
    for one, other in pairs:
        a, b = f"a-{one}", f"b-{one}-{other}"
        apart += priors({a: one, b: other}, (a, b, rank)).values()
    drawn = Sampler(apart).draw(3, 0, DRAWS)
    for pair, first, second in zip(pairs, drawn[::2], drawn[1::2], strict=True):
        found = stats.spearmanr(first, second).statistic
        assert abs(found - rank) < 4 * 1.1 * (1 - rank**2) / math.sqrt(DRAWS), f"{pair}: {found}"


@pytest.mark.parametrize("word", SAID)
def test_the_distribution_of_a_number_stays_what_it_was(word):
    made = priors({"a": "log", "b": "uniform", "x": word}, ("a", "b", 0.6), ("a", "x", -0.7), ("b", "x", -0.5))
    drawn = sample(made["x"], 5, 0, DRAWS)
    plain = SAID[word].quantile((np.arange(DRAWS) + 0.5) / DRAWS)
    assert stats.ks_2samp(drawn, plain).pvalue > 0.001
    assert not same_bits(drawn, sample(replace(made["x"], mixing=()), 5, 0, DRAWS))


def test_a_group_of_many_has_all_its_ranks():
    names = list(SAID)
    wanted = {pair: 0.7 - 0.05 * i for i, pair in enumerate(itertools.combinations(names, 2)) if i % 3 < 2}
    shrunk = {pair: rank * 0.5 for pair, rank in wanted.items()}
    made = priors({name: name for name in names}, *((a, b, rank) for (a, b), rank in shrunk.items()))
    found = stats.spearmanr(Sampler(list(made.values())).draw(1, 0, DRAWS).T).statistic
    for i, j in itertools.combinations(range(len(names)), 2):
        assert found[i, j] == pytest.approx(shrunk.get((names[i], names[j]), 0.0), abs=0.011)


@pytest.mark.parametrize("rank", RANKS)
def test_any_stretch_of_correlated_draws_is_part_of_the_whole(rank):
    made = priors({word: word for word in SAID}, *((a, b, rank / 8) for a, b in itertools.combinations(SAID, 2)))
    sampler = Sampler(list(made.values()))
    whole = sampler.draw(7, 0, 400)
    for first, count in ((0, 1), (1, 3), (63, 64), (100, 300)):
        assert same_bits(sampler.draw(7, first, count), whole[:, first : first + count])
    for i, prior in enumerate(made.values()):
        assert same_bits(sample(prior, 7, 0, 400), whole[i])


@pytest.mark.parametrize("word", SAID)
def test_the_first_of_a_group_and_who_is_in_none_keep_their_bits(word):
    made = priors({"a": word, "b": "log", "c": "uniform", "x": word}, ("a", "b", 0.6), ("b", "c", 0.5))
    drawn = Sampler(list(made.values())).draw(2, 11, 500)
    for i in (0, 3):
        prior = list(made.values())[i]
        assert same_bits(drawn[i], sample(replace(prior, mixing=()), 2, 11, 500))
        assert same_bits(drawn[i], Sampler([prior]).draw(2, 11, 500)[0])
    assert not same_bits(drawn[1], sample(replace(made["b"], mixing=()), 2, 11, 500))


def test_an_unrelated_pair_changes_no_bit_and_is_independent():
    said = {"a": "log", "b": "logit", "c": "uniform", "d": "linear"}
    alone, beside = priors(said, ("a", "b", 0.8)), priors(said, ("c", "d", -0.6), ("b", "a", 0.8))
    one, other = Sampler(list(alone.values())).draw(4, 0, DRAWS), Sampler(list(beside.values())).draw(4, 0, DRAWS)
    assert same_bits(one[2], other[2])
    again = priors(said, ("a", "b", 0.8), ("c", "d", -0.6))
    third = Sampler(list(again.values())).draw(4, 0, DRAWS)
    assert same_bits(one[:3], third[:3])
    for i, j in ((0, 2), (0, 3), (1, 2), (1, 3)):
        assert abs(stats.spearmanr(third[i], third[j]).statistic) < 4 / math.sqrt(DRAWS)


def test_a_stream_that_draws_no_number_of_the_program_still_counts():
    made = priors({"a": "log", "b": "logit"}, ("a", "b", 0.8))
    both = Sampler([made["a"], made["b"]]).draw(1, 0, 300)
    assert same_bits(Sampler([made["b"]]).draw(1, 0, 300)[0], both[1])


def test_the_same_stream_with_another_mixing_is_another_number():
    made = priors({"a": "log", "b": "log"}, ("a", "b", 0.8))
    drawn = Sampler([made["b"], replace(made["b"], mixing=())]).draw(1, 0, 100)
    assert not np.array_equal(drawn[0], drawn[1])


def test_weights_of_a_mix_can_be_correlated():
    made = priors({"a": "log", "b": "log"}, ("a", "b", 0.9))
    share = Prior("s", "s", "1", "mix", "", made["a"].parts, tuple(made.values()), 0)
    loose = replace(share, mix=tuple(replace(one, mixing=()) for one in share.mix))
    drawn = Sampler([share, loose, *made.values()]).draw(1, 0, 20_000)
    assert same_bits(drawn[0], drawn[2] / (drawn[2] + drawn[3]))
    assert drawn[0].std() < 0.4 * drawn[1].std()


def test_within_a_pair_of_parts_the_rank_holds_and_over_all_draws_it_is_weaker():
    near, far = read("2 to 8")[0], read("200 to 800")[0]
    mixing = rows(stated(("a", "b", 0.8)))
    pools = [Prior(name, name, "1", "base", "", (Part(0.5, near), Part(0.5, far)), mixing=mixing[name]) for name in ("a", "b")]
    a, b = Sampler(pools).draw(1, 0, DRAWS)
    for low_a, low_b in itertools.product((True, False), repeat=2):
        kept = ((a < 40) == low_a) & ((b < 40) == low_b)
        assert kept.mean() == pytest.approx(0.25, abs=0.005), "voices are picked independently"
        assert stats.spearmanr(a[kept], b[kept]).statistic == pytest.approx(0.8, abs=0.01)
    assert 0.1 < stats.spearmanr(a, b).statistic < 0.3


def test_scores_beyond_what_a_stream_gives_stay_inside_the_open_interval():
    """No row has weights such as these; they carry the score beyond nine, where the probability rounds to 1."""
    wild = Prior("a", "a", "1", "base", "", (Part(1.0, SAID["exponential"]),), mixing=(("a", 30.0),))
    drawn = sample(wild, 1, 0, 2000)
    assert np.isfinite(drawn).all()
    assert drawn.min() > 0
    assert drawn.max() == SAID["exponential"].quantile(np.array([1 - 2.0**-53]))[0]
    assert uniforms(1, "a", 0, 2000).max() < 1 - 2.0**-53


# ---------------------------------------------------------------------------- rows


def test_the_linear_correlation_of_a_rank_correlation_is_pearsons():
    for rank in np.linspace(-1, 1, 2001):
        assert linear(float(rank)) == pytest.approx(2 * math.sin(math.pi * rank / 6), rel=4e-16, abs=1e-300)


def test_rows_are_in_order_of_appearance_and_end_with_their_own_stream():
    made = rows(stated(("x", "m", 0.5), ("q", "p", 0.2), ("m", "a", 0.5)))
    assert list(made) == ["x", "m", "q", "p", "a"]
    assert made["x"] == (("x", 1.0),)
    assert made["q"] == (("q", 1.0),)
    assert [stream for stream, _ in made["a"]] == ["m", "a"], "a pair that is not stated mixes nothing in when it need not"
    assert all(row[-1][0] == name and row[-1][1] > 0 for name, row in made.items())


def test_rows_that_were_there_stay_when_a_pair_brings_in_another_number():
    few = rows(stated(("a", "b", 0.5), ("b", "c", 0.3)))
    more = rows(stated(("a", "b", 0.5), ("b", "c", 0.3), ("c", "d", 0.6), ("x", "y", 0.1)))
    assert {name: more[name] for name in few} == few


def test_rows_and_draws_have_the_same_bits_everywhere():
    """Written down once; a library of linear algebra, a sine or a compensated sum would change a last bit here or there."""
    made = rows(stated(*((a, b, 0.1 + 0.07 * i) for i, (a, b) in enumerate(itertools.combinations("abcd", 2)))))
    assert [weight.hex() for _, weight in made["d"]] == PINNED_ROW
    drawn = sample(Prior("d", "d", "1", "base", "", (Part(1.0, SAID["triangular"]),), mixing=made["d"]), 1, 0, 3)
    assert [float(value).hex() for value in drawn] == PINNED_DRAWS


def test_nothing_stated_gives_no_rows():
    assert rows([]) == {}


@given(st.integers(2, 9), st.data())
def test_rows_of_random_groups_give_their_matrix_back(size, data):
    """Correlations of random vectors are possible ones; those that leave a number too little of its own are refused."""
    entries = st.lists(st.floats(-1, 1), min_size=size + 1, max_size=size + 1)
    vectors = np.array(data.draw(st.lists(entries, min_size=size, max_size=size))) + 2 * np.eye(size, size + 1)
    lengths = np.sqrt((vectors**2).sum(axis=1))
    wanted = (vectors @ vectors.T) / lengths[:, None] / lengths
    names = [f"n{i}" for i in range(size)]
    pairs = stated(*((names[i], names[j], 6 / math.pi * math.asin(wanted[i, j] / 2)) for j, i in itertools.combinations(range(size), 2)))
    given_matrix = np.array(matrix(pairs, names))
    assert np.allclose(given_matrix, wanted, rtol=0, atol=1e-14)
    assume(linalg.eigvalsh(given_matrix)[0] > 1e-8)
    made = rows(pairs)
    factor = np.array([[dict(made[name]).get(other, 0.0) for other in made] for name in made])
    order = [names.index(name) for name in made]
    assert np.max(np.abs(factor @ factor.T - given_matrix[np.ix_(order, order)])) <= 1e-14
    assert np.all(np.triu(factor, 1) == 0)


@given(st.integers(2, 6), st.data())
def test_what_is_refused_is_what_has_no_positive_eigenvalues(size, data):
    names = [f"n{i}" for i in range(size)]
    ranks = st.floats(-0.99, 0.99)
    chain = [(names[i], names[i + 1], data.draw(ranks)) for i in range(size - 1)]
    others = [(a, b, data.draw(ranks)) for a, b in itertools.combinations(names, 2) if names.index(b) - names.index(a) > 1 and data.draw(st.booleans())]
    pairs = stated(*chain, *others)
    least = linalg.eigvalsh(np.array(matrix(pairs, names)))[0]
    assume(abs(least) > 1e-6)
    assert (cholesky(matrix(pairs, names)) is None) == (least < 0)
    if least > 0:
        assert list(rows(pairs)) == names
    else:
        (problem,) = refused(*((pair.first, pair.second, pair.rank) for pair in pairs))
        assert "no numbers can have these ranks" in problem


# ---------------------------------------------------------------------------- refusals


def test_ranks_that_contradict_each_other_are_refused_with_two_ways_out():
    (problem,) = refused(("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9))
    assert problem == (
        "case.yaml:3:1: no numbers can have these ranks between 'a', 'b' and 'c'; "
        "0.64 to 0.99 between 'a' and 'c', the others as they are, or every rank of the group times 0.53"
    )
    for rank in (0.64, 0.99):
        assert rows(stated(("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", rank)))
    assert "'a', 'b' and 'c'" in refused(("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", 0.63))[0]
    assert rows(stated(*((a, b, rank * 0.53) for a, b, rank in (("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)))))
    assert refused(*((a, b, rank * 0.54) for a, b, rank in (("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9))))


def test_a_pair_that_is_not_stated_is_named_where_it_contradicts():
    (problem,) = refused(("a", "b", 0.9), ("b", "c", 0.9))
    assert "'a', 'b' and 'c' ('a' with 'c': not stated, so 0); 0.64 to 0.99 between 'a' and 'c'" in problem


def test_only_those_who_contradict_each_other_are_named():
    (problem,) = refused(("h", "p", 0.1), ("h", "q", 0.1), ("a", "h", 0.9), ("a", "q", 0.2), ("h", "c", -0.9), ("a", "c", 0.9), ("c", "z", 0.1))
    assert problem.startswith("case.yaml:6:1: no numbers can have these ranks between 'h', 'a' and 'c'; ")


def test_every_group_that_contradicts_itself_is_told():
    problems = refused(("a", "b", 0.9), ("b", "c", 0.9), ("d", "e", 0.1), ("x", "y", 0.9), ("x", "z", 0.9), ("y", "z", -0.1))
    assert [problem.split(":")[1] for problem in problems] == ["2", "6"]


def test_many_who_hang_on_one_are_told_in_short():
    (problem,) = refused(*(("hub", f"n{i}", 0.45) for i in range(12)))
    assert "('n0' with 'n1', 'n0' with 'n2', 'n0' with 'n3' and 7 more: not stated, so 0)" in problem


@pytest.mark.parametrize("rank", [1.0, -1.0, 1.5, math.inf, math.nan])
def test_a_rank_of_one_or_more_is_refused(rank):
    (problem,) = refused(("a", "b", rank))
    assert "above -1 and below 1" in problem


def test_a_rank_that_leaves_a_number_nothing_of_its_own_is_refused():
    assert "'a' and 'b'; -0.99 to 0.99" in refused(("a", "b", 1 - LEAST_OWN / 100))[0]
    assert rows(stated(("a", "b", 0.999999)))


@pytest.mark.parametrize("again", [("a", "b", 0.5), ("b", "a", 0.4)])
def test_a_pair_that_stands_twice_is_refused(again):
    assert refused(("a", "b", 0.5), again) == [f"case.yaml:2:1: {again[0]!r} and {again[1]!r} are correlated here and in case.yaml:1:1; one of the two"]


def test_a_number_with_itself_is_refused_and_all_that_is_wrong_is_told():
    problems = refused(("a", "a", 0.5), ("a", "b", 2.0), ("c", "d", 0.2))
    assert [problem.split(": ", 1)[1] for problem in problems] == [
        "'a' is correlated with itself; two numbers that are drawn apart",
        "rank 2; above -1 and below 1; numbers that always rise together are one number, as in `shared`",
    ]


def test_the_score_of_a_row_is_a_standard_normal_one():
    for row in rows(stated(("a", "b", 0.7), ("b", "c", -0.6), ("a", "d", 0.3), ("c", "d", 0.2))).values():
        assert sum(weight**2 for _, weight in row) == pytest.approx(1.0, abs=1e-15)
        score = sum(weight * portable.normal_quantile(uniforms(1, stream, 0, DRAWS)) for stream, weight in row)
        assert stats.kstest(score, "norm").pvalue > 0.001


@pytest.mark.parametrize(("count", "fits"), [(MOST, True), (MOST + 1, False), (3000, False)])
def test_a_group_has_a_limit_that_is_seen_before_any_work(count, fits):
    chain = [(f"n{i}", f"n{i + 1}", 0.3) for i in range(count - 1)]
    if fits:
        assert len(rows(stated(*chain))) == count
    else:
        (told,) = refused(*chain)
        assert f"a group of {count} correlated numbers; at most {MOST}" in told
