"""The address of a Redis Cluster: what it says, and what is refused."""

import pytest

from escalation_client.cluster_address import ClusterAddress


@pytest.mark.parametrize(
    "wrong",
    ["redis://host:1", "redis-cluster://", "redis-cluster://:hidden@host:1/3", "redis-cluster://:hidden@host:port"],
)
def test_a_wrong_address_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"redis-cluster://|hosts and ports") as caught:
        ClusterAddress.named_by(wrong)
    assert "hidden" not in str(caught.value)


def test_an_address_with_tls_and_without_a_port() -> None:
    address = ClusterAddress.named_by("rediss-cluster://user:p%40ss@one,[::1]:7000?ssl_ca_certs=/ca.pem")
    assert address.hosts == (("one", 6379), ("::1", 7000))
    assert address.url_of("::1", 7000) == "rediss://user:p%40ss@[::1]:7000/0?ssl_ca_certs=/ca.pem"
    assert "p%40ss" not in repr(address)
