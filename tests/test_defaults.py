from __future__ import annotations

import synthmark
from synthmark import Label, Verdict, open_store
from tests.pictures import coded, scene, shared


def test_one_offs_use_the_users_own_store() -> None:
    result = synthmark.embed(coded(scene(50)), Label(model="acme/1"))
    assert synthmark.verify(result.asset).verdict is Verdict.VERIFIED
    report = synthmark.verify(shared(result.asset))
    assert (report.verdict, report.content_id) == (Verdict.RECOVERED, result.content_id)
    with open_store() as store:
        assert len(store) == 1
