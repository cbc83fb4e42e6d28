"""The list of faults.  A fault is a function of a World: it publishes, breaks things, and mends them; the driver settles,
counts and judges.

    @fault("processes", "kill -9 of the component at random moments", compare=True)
    def kill_component(world): ..."""
import collections

Fault = collections.namedtuple("Fault", "name group sentence run compare own_broker arguments")
FAULTS = {}


def fault(group, sentence, compare=False, own_broker=False):
    """`compare`: the reference can be inflicted with it, too; `own_broker`: it breaks the whole broker."""
    def register(run):
        FAULTS[run.__name__] = Fault(run.__name__, group, sentence, run, compare, own_broker, ())
        return run
    return register


def cases(group, sentence, table, compare=False, own_broker=False):
    """One fault for each entry of `table`, {name: (words, argument...)}; `sentence` has {} for the words."""
    def register(run):
        for name, (words, *arguments) in table.items():
            key = f"{run.__name__}_{name}"
            FAULTS[key] = Fault(key, group, sentence.format(words), run, compare, own_broker, arguments)
        return run
    return register


def groups():
    return list(dict.fromkeys(f.group for f in FAULTS.values()))
