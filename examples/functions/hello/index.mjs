// The shortest useful function: greets whoever the event names.
export const handler = async (event, context) => {
    console.log("greeting", event.name ?? "nobody in particular");
    return { greeting: `Hello, ${event.name ?? "world"}!`, requestId: context.awsRequestId };
};
