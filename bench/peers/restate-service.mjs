// The service that Restate calls: handlers of steps that do nothing, over HTTP/2.
import * as restate from '@restatedev/restate-sdk';

const { serveParent } = await import(process.argv[2]);

const chain = (steps) => async (context) => {
  for (let step = 1; step <= steps; step += 1) await context.run(`step_${step}`, () => null);
  return 'done';
};

const port = await restate.serve({
  port: 0,
  services: [restate.service({ name: 'Bench', handlers: { one: chain(1), three: chain(3), ten: chain(10) } })],
});
serveParent({ port }, {});
