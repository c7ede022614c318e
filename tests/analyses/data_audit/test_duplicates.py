"""Copies: what is planted is found, and nothing else; any shape of data will do."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.analyses.data_audit import duplicates


def noise(n: int, pixels: int = 64, seed: int = 0) -> np.ndarray:
    """Return images no two of which are alike."""
    return np.random.default_rng(seed).integers(20, 236, (n, pixels), dtype=np.uint8)


def nearly(image: np.ndarray) -> np.ndarray:
    """Return an image that is one grey value off in half of its pixels."""
    out = image.copy()
    out[::2] += 1
    return out


def test_correlation_is_pearsons_and_that_of_equal_images_is_one() -> None:
    a, b = noise(50), noise(50, seed=1)
    expected = [np.corrcoef(x.astype(float), y.astype(float))[0, 1] for x, y in zip(a, b, strict=True)]
    assert duplicates.correlation(a, b) == pytest.approx(expected, abs=1e-12)
    assert duplicates.correlation(a, a) == pytest.approx(1, abs=1e-12)
    assert duplicates.correlation(a, a).max() <= 1
    grey = np.full((3, 64), [[7], [7], [9]], dtype=np.uint8)
    assert duplicates.correlation(grey, np.vstack([grey[:1], grey[2:], a[:1]])).tolist() == [1, 0, 0]


def test_planted_copies_are_found_within() -> None:
    X = noise(300)
    X[250], X[17] = X[3], nearly(X[120])
    X[200] = (X[40] // 2) + 60  # dimmer: the same picture
    found = duplicates.within(X)
    assert sorted(map(tuple, found.pairs.tolist())) == [(3, 250), (17, 120), (40, 200)]
    assert found.images.tolist() == [3, 17, 40, 120, 200, 250]
    assert found.equal.tolist() == [3, 250]
    assert found.n_pairs == 3
    assert found.pairs[0].tolist() == [3, 250]
    assert found.same.tolist() == [True, False, False]
    assert (np.diff(found.similarity) <= 0).all()
    assert found.similarity[-1] >= duplicates.NEAR


def test_planted_copies_are_found_across_and_counted_once_an_image() -> None:
    train, test = noise(200), noise(90, seed=1)
    test[5], test[70] = train[180], nearly(train[0])
    train[20] = nearly(train[180])
    found = duplicates.across(test, train)
    assert sorted(map(tuple, found.pairs.tolist())) == [(5, 20), (5, 180), (70, 0)]
    assert found.images.tolist() == [5, 70]
    assert found.equal.tolist() == [5]


def test_every_pair_of_every_block_is_compared_as_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    base = rng.integers(0, 256, (12, 40))
    X = np.clip(base[rng.integers(0, 12, 101)] + rng.normal(0, 8, (101, 40)), 0, 255).astype(np.uint8)
    r = np.corrcoef(X.astype(float))
    monkeypatch.setattr(duplicates, "BLOCK_ROWS", 16)
    expected = {(int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(r >= duplicates.NEAR, 1)), strict=True)}
    found = duplicates.within(X)
    assert len(expected) > 100
    assert set(map(tuple, found.pairs.tolist())) == expected
    assert found.n_pairs == len(expected)
    apart = duplicates.across(X[:30], X[30:])
    assert set(map(tuple, apart.pairs.tolist())) == {(i, j - 30) for i, j in expected if i < 30 <= j}


def test_a_pair_at_the_threshold_is_decided_by_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.vstack([noise(1), nearly(noise(1)[0])[None]])
    exact = float(duplicates.correlation(X[:1], X[1:])[0])
    monkeypatch.setattr(duplicates, "NEAR", exact)
    assert duplicates.within(X).n_pairs == 1
    monkeypatch.setattr(duplicates, "NEAR", np.nextafter(exact, 2))
    assert duplicates.within(X).n_pairs == 0


def test_images_of_one_grey_value_are_copies_of_their_equals_alone() -> None:
    X = noise(40)
    X[[2, 9, 30]], X[11] = 0, 255
    found = duplicates.within(X)
    assert sorted(map(tuple, found.pairs.tolist())) == [(2, 9), (2, 30), (9, 30)]
    assert found.similarity.tolist() == [1, 1, 1]
    assert found.equal.tolist() == [2, 9, 30]
    assert duplicates.flat(X).tolist() == [2, 9, 11, 30]


def test_where_all_are_alike_all_are_counted_and_the_closest_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "LISTED", 50)
    monkeypatch.setattr(duplicates, "BLOCK_ROWS", 32)
    image = noise(1)[0]
    X = np.repeat(nearly(image)[None], 150, axis=0)
    X[[100, 140]] = image
    found = duplicates.within(X)
    assert found.n_pairs == 150 * 149 // 2
    assert len(found.images) == len(found.equal) == 150
    assert len(found.pairs) == len(found.similarity) == 50
    assert found.similarity.min() == pytest.approx(1)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_few_images_will_do(n: int) -> None:
    found = duplicates.within(noise(n))
    assert (found.n_pairs, len(found.images), found.pairs.shape) == (0, 0, (0, 2))
    assert duplicates.across(noise(n), noise(3, seed=9)).n_pairs == 0
    assert duplicates.within(noise(n, pixels=1)).images.tolist() == duplicates.within(noise(n, pixels=1)).equal.tolist()
