"""What a person reads when an installation has started: where it is and what to try."""

from streams.settings import Settings

from infra.local import plan


def addresses(settings: Settings, board_link: str | None = None) -> str:
    """Return the addresses of a running installation, one a line."""
    folder = settings.data_dir
    lines = (
        ("board", board_link or plan.url(settings, settings.board_port)),
        ("SQL", f"{plan.url(settings, settings.warehouse_port)}  user analyst, password in "
                f"{folder / 'analyst.token'}"),
        ("intake", f"{plan.url(settings, settings.intake_port)}/v1/events"),
        ("metrics", f"{plan.url(settings, settings.metrics_port)}/metrics"),
        ("logs", f"{folder / 'logs'}"),
    )  # fmt: skip
    return "\n" + "\n".join(f"  {name:<8} {where}" for name, where in lines) + "\n"


def things_to_try(rep: str, data_dir: str, sql_url: str) -> str:
    """Return three commands that show what it is."""
    return (
        "Three things to try in another terminal:\n"
        f"  .venv/bin/pacesetter deal win --rep {rep} --amount 25000\n"
        "      the board moves within a second\n"
        f"  curl -u analyst:$(cat {data_dir}/analyst.token) {sql_url} \\\n"
        "      -d 'SELECT rep, sum(value) FROM spm_bi.rep_day WHERE measure = "
        "$$revenue_won_reporting$$ GROUP BY rep ORDER BY 2 DESC LIMIT 5'\n"
        "      the same numbers for any BI tool\n"
        "  .venv/bin/pacesetter status\n"
        "      what runs, how far behind, how fresh\n"
    )
