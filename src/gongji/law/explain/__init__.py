"""From a result to sentences: what was subtracted and why, each with its document and article."""

from gongji.law.explain.sentences import Explanation, Sentence, explain
from gongji.law.explain.show import as_json, as_markdown, as_text

__all__ = ["Explanation", "Sentence", "as_json", "as_markdown", "as_text", "explain"]
