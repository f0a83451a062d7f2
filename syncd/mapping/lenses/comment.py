"""What somebody said, without the line that says who (see `syncd.richtext.signature`)."""

from __future__ import annotations

from syncd.mapping.lenses.markdown import MarkdownLens
from syncd.mapping.lenses.text import too_long
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Missing, Native
from syncd.richtext import normalise
from syncd.richtext.signature import signed, split_signature


class CommentLens(MarkdownLens):
    """A comment's canonical text. A signature is no part of it: reading leaves it out, writing keeps it."""

    def get(self, native: Native) -> Value | Missing:
        """Return the text below the signature, `None` when there is none."""
        whole = super().get(native)
        return split_signature(whole)[1] or None if isinstance(whole, str) else whole

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the text in the tool's format, below the signature that is there now."""
        sign = self.signature_of(native_now)
        return self.put_signed(value, native_now, sign)

    def put_signed(self, value: Value, native_now: Native, sign: str) -> Native | Cannot:
        """Return the text below the signature *sign*, which replaces the one there is."""
        body = split_signature(value)[1] if isinstance(value, str) else value
        if self.signature_of(native_now) == sign and self.get(native_now) == (body or None):
            return native_now
        if body is not None and not isinstance(body, str):
            return CANNOT
        if not body and not (self.can_be_empty or sign):
            return CANNOT
        return super().put(signed(sign, body or ""), native_now)

    def signature_of(self, native: Native) -> str:
        """Return the signature a native text begins with; empty when we did not write it."""
        whole = super().get(native)
        return split_signature(whole)[0] if isinstance(whole, str) else ""

    def why_cannot(self, value: Value) -> str:
        """Say that the text is too long; the signature counts, too."""
        length = len(normalise(str(value))) if value else 0
        if self.max_length is not None and length > self.max_length // 2:
            return too_long(self.name, length, self.max_length)
        return super().why_cannot(value)


def is_signed(lens: object, native: Native | Missing) -> bool:
    """Say whether a native text was surely written by us."""
    return isinstance(lens, CommentLens) and native is not MISSING and bool(lens.signature_of(native))
