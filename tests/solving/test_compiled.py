"""What numba compiled is kept apart for each state of the sources."""

from pathlib import Path

from careweb.domain.solving.compiled import own_cache


def test_the_cache_of_other_sources_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "paths.py").write_text("one", encoding="utf-8")
    one = own_cache("kept", tmp_path)
    assert (Path(one).parent, own_cache("kept", tmp_path)) == (Path("kept"), one)
    (tmp_path / "paths.py").write_text("other", encoding="utf-8")
    assert own_cache("kept", tmp_path) != one
