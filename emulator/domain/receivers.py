"""Says in a sentence why a receiver did not accept a notification, and what to do about it."""
import errno
import socket
import ssl

from msgspec import Struct

SHOWN = 80  # characters of an answer that are shown
LONGEST_LOCATION = 2_000
_SEE_ITS_LOG = "see the receiver's log"
_REFUSED = "the receiver does not accept the user and password of notify_url"
_ASKED = ("the receiver asks for credentials: write them into notify_url, http://user:password@host/, or let "
          "notifications in without")
_NOT_THERE = "nothing is at this path: compare notify_url with the receiver's routes"
_GUARDED = ("the receiver refuses it: if it asks for a session or a CSRF token, except the path of "
            "notify_url from that")
_STARTING = "the receiver, or an application behind it, is not ready: check whether it runs"
_ADVICE = {**dict.fromkeys((403, 419), _GUARDED), **dict.fromkeys((404, 410), _NOT_THERE),
           **dict.fromkeys((502, 503, 504), _STARTING)}
_UNCHECKED = "or switch the check off with --notify-insecure"
_OTHER_NAME = f"write a host into notify_url that the certificate names, {_UNCHECKED}"
# Keys are OpenSSL's numbers of certificate errors (X509_V_ERR_…).
_CERTIFICATES = {9: f"check the clocks of both machines, {_UNCHECKED}",
                 10: f"renew it, {_UNCHECKED}", 62: _OTHER_NAME, 64: _OTHER_NAME}
_TRUST = f"name the file of its certificate authority with --notify-ca FILE, {_UNCHECKED}"
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH)


class Failure(Struct, frozen=True):
    """Why no answer came, and what to do about it."""

    sentence: str
    advice: str


def answered(status: int, answer: str, location: str, method: str, with_user: bool) -> str:
    """A sentence about an answer that does not accept the notification.

    `with_user` is whether user and password were sent.
    """
    if 300 <= status < 400 and location:
        return (f"answered {status}, redirects to {location[:LONGEST_LOCATION]}; redirects are not followed: "
                "write the address that answers into notify_url")
    came = f"answered {status}"
    if answer.strip() or 200 <= status < 300:
        came = f"{came} with {answer.strip()[:SHOWN]!r}"
    advice = _advice(status, method, with_user)
    return f"{came}; {advice}" if advice else came


def _advice(status: int, method: str, with_user: bool) -> str:
    if 200 <= status < 300:
        return ""
    if status == 401:
        return _REFUSED if with_user else _ASKED
    if status == 405:
        return f"the receiver does not accept {method} here: allow it, or change the setting notify_method"
    if status in _ADVICE:
        return _ADVICE[status]
    if 400 <= status < 500:
        return f"the receiver refuses the request: {_SEE_ITS_LOG}"
    if status >= 500:
        return f"the receiver failed: {_SEE_ITS_LOG}"
    return "a notification is acknowledged with a 2xx status"


def unanswered(failure: Failure) -> str:
    """A sentence about a receiver that did not answer."""
    return f"{failure.sentence}; {failure.advice}"


def too_slow(seconds: float, cut_short: bool = False) -> Failure:
    """No complete answer came within `seconds`; `cut_short` if that is less than the setting allows."""
    if cut_short:
        return Failure(f"no complete answer within {seconds:.2g} s",
                       "the time that a clock move, or a flush, waits for slow receivers is used up")
    return Failure(f"no complete answer within {seconds:g} s",
                   "respond before slow work, or allow more time with --notify-timeout")


def nobody_listens(merchants_id: str) -> Failure:
    """Nothing was sent, because the notifications of a merchant wait for a listener and there is none."""
    return Failure(f"nobody listens: run tgpay-emulator listen --merchant {merchants_id} --forward-to URL",
                   "the notification is retried by the schedule, or at once if you resend it")


def for_listeners(sentence: str) -> str:
    """A sentence about a receiver to which a listener forwards: its address is not in notify_url."""
    return sentence.replace("notify_url", "--forward-to")


def forbidden(sentence: str) -> Failure:
    """Nothing was sent, because the address is not allowed."""
    return Failure(sentence, "the setting notify_allow says where notifications may go")


def failed(error: BaseException) -> Failure:
    """Why an attempt ended without an answer, for any exception."""
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Failure(f"the receiver's certificate is not trusted: {cause.verify_message.rstrip('.')}",
                       _CERTIFICATES.get(cause.verify_code, _TRUST))
    return Failure(str(error) or type(error).__name__, _what_to_do(cause))


def _what_to_do(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLError):
        return "no TLS connection: if the receiver has no TLS, write http:// into notify_url"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there: start the receiver; in a container 127.0.0.1 is the container itself"
    if isinstance(cause, socket.gaierror):
        return "the host of notify_url is not known on this machine"
    if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
        return "this machine has no route to the host of notify_url"
    return f"no complete HTTP response: {_SEE_ITS_LOG}; if it speaks TLS, write https:// into notify_url"
