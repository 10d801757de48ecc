"""Which class serves which kind of sink: one line a kind."""

from __future__ import annotations

from collections.abc import Callable

from connectors.contract import Sink
from connectors.sinks.apprise import AppriseSink
from connectors.sinks.ntfy import NtfySink
from connectors.sinks.post import Clock, Poster
from connectors.sinks.secrets import Secrets
from connectors.sinks.settings import SinkKind, SinkSettings
from connectors.sinks.slack import SlackSink
from connectors.sinks.stream import StreamSink
from connectors.sinks.telegram import TelegramSink
from connectors.sinks.webhook import WebhookSink

SINKS: dict[SinkKind, Callable[[SinkSettings, Secrets, Poster, Clock], Sink]] = {
    SinkKind.WEBHOOK: WebhookSink,
    SinkKind.STREAM: StreamSink,
    SinkKind.APPRISE: AppriseSink,
    SinkKind.TELEGRAM: TelegramSink,
    SinkKind.SLACK: SlackSink,
    SinkKind.NTFY: NtfySink,
}
