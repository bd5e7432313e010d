"""Settings: what an installation decides. Environment beats pacesetter.toml beats the defaults.

Every process of the pipeline reads the same file; a name nobody knows is an error there, because a
slip of the pen must not become a silent default.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.channels import Channel

FILE = Path("pacesetter.toml")
TOKEN_FILE = "service.token"  # noqa: S105 - a file's name, inside data_dir
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """All settings. The defaults are the embedded ground: one machine, loopback, nothing else."""

    model_config = SettingsConfigDict(
        env_prefix="PACESETTER_",
        toml_file=FILE,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # what is wrong may stand beside a secret, or be one
    )

    data_dir: Path = Field(
        default=Path(".pacesetter"), description="Where everything local is kept."
    )

    kafka_bootstrap: str = Field(
        default="", description="host:port,... Empty: the embedded broker."
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_ca_file: Path | None = Field(
        default=None, description="CA certificate. None: the system's."
    )
    kafka_group: str = Field(default="pacesetter", description="Consumer group of the workers.")
    kafka_instance_id: str | None = Field(
        default=None,
        description="Name of this worker in its group, unlike any other's: it comes back to its "
        "partitions at once after a restart. None: a new member each time.",
    )
    partitions: int = Field(
        default=4, ge=1, le=65535, description="Of every fact topic; see `rebuild --partitions`."
    )
    replication: int = Field(default=1, ge=1, description="Replicas of every topic.")
    schema_registry_url: str | None = Field(
        default=None, description="None: ids are fixed by the shipped catalogue."
    )

    warehouse_url: str = Field(
        default="", description="ClickHouse over HTTP. Empty: the embedded one."
    )
    warehouse_user: str = "service"
    warehouse_token: SecretStr | None = Field(
        default=None, description="Password. None: see the file."
    )
    warehouse_token_file: Path | None = Field(
        default=None, description="File with the password. None: service.token in data_dir."
    )
    warehouse_quorum: bool = Field(
        default=False,
        description="On a replicated cluster: quorum writes, sequentially consistent reads.",
    )

    host: str = Field(
        default="127.0.0.1", description="Address that intake, board and metrics bind to."
    )
    broker: Literal["embedded", "apache"] = Field(
        default="embedded",
        description="What `up` starts. embedded: log in memory. apache: Apache Kafka, log on disk.",
    )
    broker_port: Port = 19092
    broker_heap: str = Field(
        default="512m", pattern=r"^\d+[mg]$", description="Memory limit of Apache Kafka."
    )
    broker_jars: Path | None = Field(
        default=None, description="Folder of Kafka's jars. None: fetched by Maven, once."
    )
    warehouse_port: Port = 18123
    intake_port: Port = 18087
    board_port: Port = 18080
    board_quotas: bool = Field(
        default=True,
        description="Lanes of revenue show everybody what each rep's quota asks for. false: only "
        "a rep's own card does.",
    )
    board_rings_per_hour: int = Field(
        default=20, ge=0, description="Deals won that boards celebrate; others are told quietly."
    )
    gateway_port: Port = Field(
        default=18088, description="Webhooks of vendors; put a proxy with TLS in front of it."
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^/?#\s]+(/[^?#\s]*)?)?$",
        description="How vendors reach the gateway, such as https://hooks.example.com. Empty: "
        "nothing is pushed, sources are only asked.",
    )
    sources_port: Port = Field(default=18093, description="/metrics of `pacesetter source run`.")
    reconcile_port: Port = Field(
        default=18098, description="/metrics of `pacesetter reconcile --watch`."
    )
    reconcile_seconds: float = Field(
        default=300.0, ge=0, description="`pacesetter up` proves its results so often. 0: never."
    )
    forecast_port: Port = Field(
        default=18097, description="/metrics of `pacesetter forecast run --watch`."
    )
    forecast_seconds: float = Field(
        default=300.0, ge=0, description="`pacesetter up` makes forecasts so often. 0: never."
    )
    alert_seconds: float = Field(
        default=60.0, ge=0, description="`pacesetter up` looks for alerts so often. 0: never."
    )
    channels: dict[str, Channel] = Field(
        default={},
        description="How alerts leave: [channels.NAME] with kind slack, teams, email, webhook or "
        "apprise; alerts.yaml says who is told by which.",
    )
    alerts_port: Port = Field(
        default=18096, description="/metrics of `pacesetter alerts run --watch`."
    )
    metrics_reps_max: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Quotas of single reps told to Prometheus, by rep_id. 0: nobody is told apart.",
    )
    settle_port: Port = Field(default=18095, description="/metrics of `pacesetter settle --watch`.")
    contests_port: Port = Field(
        default=18094, description="/metrics of `pacesetter contest follow --watch`."
    )
    contest_seconds: float = Field(
        default=60.0,
        ge=0,
        description="`pacesetter up` follows contests, and compares everything so often. 0: never.",
    )
    settle_seconds: float = Field(
        default=60.0,
        ge=0,
        description="`pacesetter up` adds up months for dashboards so often. 0: never.",
    )
    metrics_port: Port = Field(
        default=18099, description="/livez, /readyz and /metrics of a worker."
    )

    flush_seconds_min: Seconds = Field(
        default=0.15, description="Latency when there is little to do."
    )
    flush_seconds_max: Seconds = Field(
        default=1.0, description="Pause that a slow warehouse can stretch to."
    )
    # 150,000 with 1,000 reps: a tenth slower in a backlog, a fifth more memory; with 100,000 reps
    # a tenth faster (measured).
    flush_rows_max: int = Field(
        default=60_000, ge=1_000, description="Records of one flush, about."
    )
    held_bytes_max: int = Field(
        default=32 << 20, ge=1 << 20, description="Bytes fetched and not yet flushed, per worker."
    )
    stall_seconds: Seconds = Field(
        default=180.0,
        ge=150.0,
        description="A worker with something to do, in no named wait, that does nothing for so "
        "long ends, to be started anew. Above the two minutes a statement may take.",
    )
    bad_share_max: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A worker stops when more of its last 1,000 records are unusable; 1: never.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _fill_addresses(self) -> Self:
        # An address that is left out is that of the embedded ground, so that one port setting moves
        # both the server and everybody who calls it.
        if not self.kafka_bootstrap:
            object.__setattr__(self, "kafka_bootstrap", f"127.0.0.1:{self.broker_port}")
        if not self.warehouse_url:
            object.__setattr__(self, "warehouse_url", f"http://127.0.0.1:{self.warehouse_port}")
        if self.flush_seconds_max < self.flush_seconds_min:
            raise ValueError("flush_seconds_max is below flush_seconds_min; swap them")
        return self

    def kafka_config(self) -> dict[str, str]:
        """Return what librdkafka needs to reach Kafka."""
        config = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security,
        }
        if self.kafka_security.startswith("SASL"):
            config |= {
                "sasl.mechanism": self.kafka_sasl_mechanism,
                "sasl.username": self.kafka_username,
                "sasl.password": self.kafka_password.get_secret_value(),
            }
        if self.kafka_ca_file:
            config["ssl.ca.location"] = str(self.kafka_ca_file)
        return config

    def warehouse_password(self) -> str:
        """Return the warehouse's password, empty if there is none.

        Raises:
            ValueError: `warehouse_token_file` names a file that is not there.
        """
        if self.warehouse_token is not None:
            return self.warehouse_token.get_secret_value()
        path = self.warehouse_token_file or self.data_dir / TOKEN_FILE
        if path.exists():
            return path.read_text("utf-8").strip()
        if self.warehouse_token_file is not None:
            raise ValueError(f"warehouse_token_file {path} is not there; write the token into it")
        return ""


@cache
def settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        pydantic.ValidationError: a value or a name in environment or file is wrong.
    """
    return Settings()
