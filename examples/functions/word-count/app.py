"""Counts the words of event["text"]: how many there are, and how often each occurs, the most frequent first."""
import collections
import logging
import re

log = logging.getLogger()
log.setLevel("INFO")


def handler(event, context):
    words = re.findall(r"\w+", event["text"].lower())
    log.info("%d words, %d ms left", len(words), context.get_remaining_time_in_millis())
    return {"words": len(words), "counts": dict(collections.Counter(words).most_common(event.get("top", 10)))}
