"""Asks with the official Python client, unmodified, and notes which of its calls were made."""

import importlib
import json
import pkgutil

import aop
import aop.api.biz


class Asker:
    """One app with a token; `done` are the calls that were answered."""

    def __init__(self, key, secret, token):
        self.key, self.secret, self.token, self.done = key, secret, token, []

    def call(self, request, **parameters):
        """One call; JSON parameters are texts on this wire. What the client calls required and we leave out is empty."""
        multipart = {name: parameters.pop(name) for name in request.get_multipart_params() if name in parameters}
        for name, item in multipart.items():
            setattr(request, name, item)
        texts = {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                 for name, value in parameters.items()}
        left_out = {name: "" for name in request.get_required_params() if name not in texts and name not in multipart}
        answer = request.get_response(access_token=self.token, **left_out, **texts)
        self.done.append(request.get_api_uri())
        return answer

    def patiently(self, request, **parameters):
        """One call, again when the catalogue did not answer in time: on a slow machine it is long about pictures."""
        for _ in range(5):
            try:
                return self.call(request, **parameters)
            except aop.ApiError as error:
                if error.error_code != "504":
                    raise
        return self.call(request, **parameters)

    def signed(self, request, **parameters):
        """One call that the client does not sign by itself, signed with its own method."""
        if request.need_sign():
            return self.call(request, **parameters)
        texts = {name: json.dumps(value) for name, value in parameters.items()}
        signature = request.sign(request._build_sign_url_path(), dict(texts, access_token=self.token), self.secret)
        return self.call(request, _aop_signature=signature, **texts)

    def refused(self, request, **parameters):
        """The error that a call is refused with."""
        try:
            self.call(request, **parameters)
        except aop.ApiError as error:
            return error.error_code
        raise AssertionError("%s was let through" % request.get_api_uri())

    def left_out(self):
        """The client's calls that were not made. Each of them has to be one that the gateway does not know."""
        for found in pkgutil.iter_modules(aop.api.biz.__path__):
            module = importlib.import_module("aop.api.biz." + found.name)
            request = getattr(module, found.name)()
            if request.get_api_uri() not in self.done:
                blank = {name: "x" for name in request.get_required_params()}
                error = self.refused(request, **blank)
                assert error == "gw.APIUnsupported", "%s is served and was not tried: %s" % (request.get_api_uri(), error)
                yield request.get_api_uri()
