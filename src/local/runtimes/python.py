# python.py - the Python side of a function: asks the Runtime API for events, calls the handler, posts what it returns (our
# spec, section 7.2; "Define Lambda function handler in Python" of the AWS Lambda Developer Guide).  The interpreter reads it
# from its standard input, so that it needs no file beside the function.  Python 3.9 and newer.
import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = "/2018-06-01/runtime/"
INDENT = "\u00a0\u00a0"                # what log viewers do not take for the end of a record
OURS = "<stdin>"                        # the name of this file in tracebacks


# ---- the Runtime API -----------------------------------------------------------------------------------------------------

class Platform:
    """One connection, kept.  When it breaks, whoever gave us work is gone, and there is nobody to tell."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port))

    def ask(self, method, path, body=None, headers=None):
        try:
            self.connection.request(method, API + path, body, headers or {})
            answer = self.connection.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            sys.stdout.flush()
            os._exit(0)

    def post(self, path, body, headers=None):
        self.ask("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def post_error(self, path, document):
        self.post(path, to_json(document),
                  {"Lambda-Runtime-Function-Error-Type": printable(document.get("errorType", "Error"))})


def printable(text):
    return "".join(c if " " <= c <= "~" else "?" for c in text)


# ---- JSON ----------------------------------------------------------------------------------------------------------------

class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, decimal.Decimal):
            return int(o) if o == o.to_integral_value() and o.as_tuple().exponent >= 0 else float(o)
        return super().default(o)


ENCODER = Encoder(ensure_ascii=False)


def to_json(value):
    return ENCODER.encode(value).encode("utf-8", "surrogatepass")


# ---- errors --------------------------------------------------------------------------------------------------------------

class Fault(Exception):
    """A failure that the runtime names itself."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.trace = kind, trace or []


def document_of(error, request_id):
    """What a caller gets: the document of a function error."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename == OURS:
            frames.pop(0)
        kind, trace = type(error).__name__, traceback.format_list(frames)
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(document, request_id=""):
    if FORMAT_JSON:
        record = {"timestamp": timestamp(time.time()), "log_level": "ERROR", **document, "requestId": request_id}
        sys.stdout.write(ENCODER.encode(record) + "\n")
        return
    lines = [f"[ERROR] {document['errorType']}: {document['errorMessage']}"]
    if document["stackTrace"]:
        lines.append("Traceback (most recent call last):")
    for entry in document["stackTrace"]:
        for line in entry.splitlines():
            text = line.lstrip(" ")
            lines.append(INDENT * ((len(line) - len(text)) // 2) + text)
    sys.stdout.write("\r".join(lines) + "\n")


# ---- logging -------------------------------------------------------------------------------------------------------------

FORMAT_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
current_id = ""


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class WithRequestId(logging.Filter):
    def filter(self, record):
        record.aws_request_id = current_id
        return True


class JsonFormatter(logging.Formatter):
    USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        entry = {"timestamp": timestamp(record.created), "level": record.levelname, "message": record.getMessage(),
                 "logger": record.name, "requestId": record.aws_request_id or None}
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            entry.update(errorType=type(error).__name__, errorMessage=str(error),
                         stackTrace=traceback.format_tb(error.__traceback__))
        entry.update((k, v) for k, v in vars(record).items() if k not in self.USUAL)
        return json.dumps({k: v for k, v in entry.items() if v is not None}, ensure_ascii=False, default=str)


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(WithRequestId())
    handler.setFormatter(JsonFormatter() if FORMAT_JSON else logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    handler.terminator = "\n" if FORMAT_JSON else ""
    logging.root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO" if FORMAT_JSON else "")
    if level:
        logging.root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL", "WARN": "WARNING"}.get(level, level))


# ---- the context ---------------------------------------------------------------------------------------------------------

class Attributes:
    """An object with the members of a JSON object that it knows; the others are None."""
    NAMES = ()

    def __init__(self, values):
        for name in self.NAMES:
            setattr(self, name, values.get(name))

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class Client(Attributes):
    NAMES = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(Attributes):
    NAMES = ("custom", "env")

    def __init__(self, values):
        super().__init__(values)
        client = values.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class CognitoIdentity:
    def __init__(self, values):
        self.cognito_identity_id = values.get("cognitoIdentityId")
        self.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")

    def __repr__(self):
        return (f"CognitoIdentity(cognito_identity_id={self.cognito_identity_id!r}, "
                f"cognito_identity_pool_id={self.cognito_identity_pool_id!r})")


class LambdaContext:
    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        client = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = ClientContext(json.loads(utf8(client))) if client else None
        self.identity = CognitoIdentity(json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}"))
        self._epoch_deadline_time_in_ms = int(headers.get("Lambda-Runtime-Deadline-Ms") or 0)

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    @staticmethod
    def log(message):
        sys.stdout.write(message if isinstance(message, str) else str(message))
        sys.stdout.flush()

    def __repr__(self):
        names = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                 "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id")
        return f"LambdaContext([{','.join(f'{n}={getattr(self, n)}' for n in names)}])"


def utf8(header):
    """http.client reads headers as Latin-1; the platform sends UTF-8."""
    return header.encode("latin-1").decode("utf-8", "replace")


# ---- the handler ---------------------------------------------------------------------------------------------------------

def load(text):
    module_name, dot, name = text.rpartition(".")
    if not dot or not module_name or not name:
        raise Fault("Runtime.MalformedHandlerName",
                    f"Bad handler '{text}': not enough values to unpack (expected 2, got 1)")
    if module_name.split("/")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as e:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {e}") from e
    except SyntaxError as e:
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {e}",
                    [f'  File "{e.filename}" Line {e.lineno}\n    {(e.text or "").strip()}\n']) from e
    handler = getattr(module, name, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return handler


def run(handler, body, headers):
    """The bytes to post."""
    try:
        event = json.loads(body)
    except ValueError as e:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {e}") from e
    result = handler(event, LambdaContext(headers))
    try:
        return to_json(result)
    except (TypeError, ValueError, RecursionError) as e:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {e}") from e


def set_trace(headers):
    trace = headers.get("Lambda-Runtime-Trace-Id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)


def main():
    global current_id
    # Without a file for its standard input, Python puts the current folder first; the task root is meant.
    sys.path[0:1] = [os.environ.get("LAMBDA_TASK_ROOT", os.getcwd())]
    os.environ["AWS_EXECUTION_ENV"] = f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}"
    sys.argv = ["bootstrap"]
    platform = Platform(os.environ["AWS_LAMBDA_RUNTIME_API"])
    set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as e:              # pylint: disable=broad-except
        document = document_of(e, "")
        log_error(document)
        platform.post_error("init/error", document)
        sys.exit(1)
    while True:
        answer, body = platform.ask("GET", "invocation/next")
        current_id = answer.headers.get("Lambda-Runtime-Aws-Request-Id")
        if answer.status != 200 or not current_id:
            sys.exit(f"Failed to get next invocation: {answer.status}")
        set_trace(answer.headers)
        try:
            result = run(handler, body, answer.headers)
        except Exception as e:          # pylint: disable=broad-except
            document = document_of(e, current_id)
            log_error(document, current_id)
            sys.stdout.flush()
            platform.post_error(f"invocation/{current_id}/error", document)
            continue
        sys.stdout.flush()
        platform.post(f"invocation/{current_id}/response", result)


main()
