// script.js - the reference's twin of component/main.c: does what the script in the message's body, or else in the
// configuration, says; the steps are described there.
'use strict';

// What is emitted must be no part of what came in: the runtime adds the incoming message to it.
const copy = (v) => JSON.parse(JSON.stringify(v));

const steps = {
    data: (task, v) => task.emit('data', copy(v)),
    echo: (task) => {
        const { message, snapshot, config } = task;
        return task.emit('data', { body: copy({ message, snapshot, config, variables: task.variables }), headers: {} });
    },
    burst: (task, n) => {
        for (let i = 0; i < n; i++) {
            task.emit('data', { body: { n: i } });
        }
    },
    error: (task, v) => task.emit('error', v),
    rebound: (task, v) => task.emit('rebound', v),
    snapshot: (task, v) => task.emit('snapshot', v),
    updateSnapshot: (task, v) => task.emit('updateSnapshot', v),
    updateKeys: (task, v) => task.emit('updateKeys', v),
    httpReply: (task, v) => task.emit('httpReply', v),
    wait: (task, ms) => new Promise((resolve) => setTimeout(resolve, ms))
};

exports.process = async function script(message, config, snapshot) {
    const variables = this.getFlowVariables ? this.getFlowVariables() : {};
    const task = { message, config, snapshot, variables, emit: (name, v) => this.emit(name, v) };
    for (const step of (message.body || {}).script || config.script || []) {
        const [name, value] = Object.entries(step)[0];
        await steps[name](task, value);
    }
};
