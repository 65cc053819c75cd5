"""The road of the `openai` client, for OpenAI itself and servers that speak its format."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from .errors import CaseError, EndpointError
from .failures import said_in
from .frames import Message
from .models import Model, PerLoop, Streamed, completion
from .replies import Reply


@dataclass(eq=False)
class OpenAIClient(Model):
    """A model of an OpenAI-compatible server, asked by the `openai` client.

    A provider before the model's name (`openai/...`) is taken off. Without `key_env` the key is in OPENAI_API_KEY.
    """

    def __post_init__(self) -> None:
        self._clients: PerLoop[Any] = PerLoop()

    async def close(self) -> None:
        """Closes its connections."""
        await self._clients.close()

    async def _ask(self, messages: list[Message], started: float) -> Reply:
        import openai

        client = self._clients.get(self._client)
        options: dict[str, Any] = {
            "model": wire_name(self.model),
            "messages": messages,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            **({"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}),
            **self.extra,
        }
        try:
            response = await client.chat.completions.create(
                **{name: value for name, value in options.items() if value is not None}
            )
            if not self.stream:
                reply = completion(response.to_dict())
            else:
                streamed = Streamed(started)
                async for chunk in response:
                    streamed.take(chunk.to_dict())
                whole = streamed.reply()
                if whole is None:
                    raise self._asked.malformed()
                reply = whole
        except openai.APIStatusError as error:
            said, code = said_in(error.body) if error.body else (error.message, "")
            raise self._asked.refused(error.status_code, said, code, dict(error.response.headers)) from error
        except openai.APITimeoutError as error:
            raise self._asked.timed_out(self.timeout) from error
        except openai.APIConnectionError as error:
            raise self._asked.unreachable() from error
        except openai.APIError as error:  # an error in the middle of a stream
            raise self._stream_error(error) from error
        except _transport().TimeoutException as error:
            raise self._asked.timed_out(self.timeout) from error
        except _transport().HTTPError as error:  # a stream that breaks off
            raise self._asked.unreachable() from error
        except (ValueError, LookupError, TypeError, AttributeError, CaseError) as error:
            raise self._asked.malformed() from error
        return reply

    def _stream_error(self, error: Any) -> EndpointError:
        said, code = said_in(error.body) if error.body else (str(error), "")
        return self._asked.refused(500, said, code)

    def _client(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self._key("OPENAI_API_KEY") or "no-key",
            base_url=self.base_url,
            timeout=self.timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(limits=_transport().Limits(max_connections=None)),
        )


def _transport() -> Any:
    """The HTTP library of the openai client that is installed: httpx, and httpx2 in later versions."""
    import openai

    return importlib.import_module(type(openai.DEFAULT_CONNECTION_LIMITS).__module__.partition(".")[0])


def wire_name(model: str) -> str:
    """The model's name as the server knows it."""
    return model.removeprefix("openai/")
