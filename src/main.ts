import { createApp, serve, type Served } from './app.setup.js';
import { ConfigError, loadProcessConfig } from './config/index.js';
import { DatabaseUnusableError } from './platform/database/index.js';
import { createLogger } from './platform/logging/index.js';
import { VERSION } from './platform/version.js';

/** What all phases of a shutdown may take beyond the drain time. */
const SHUTDOWN_GRACE_MS = 30_000;

async function main(): Promise<void> {
  const { config, warnings } = loadProcessConfig();
  const logger = createLogger(config);
  for (const warning of warnings) logger.warn(warning);
  process.on('uncaughtExceptionMonitor', (err, origin) =>
    logger.error({ err, origin }, 'the process ends by an error that nobody handled'),
  );

  // Nothing is under way yet, so a signal ends the start at once. It has to be said: for the first process of a container
  // the kernel has no default action.
  const quit = (): never => process.exit(1);
  process.once('SIGTERM', quit).once('SIGINT', quit);
  const app = await createApp(config, logger);
  greet(await serve(app, config));
  process.off('SIGTERM', quit).off('SIGINT', quit);

  const stop = (signal: NodeJS.Signals): void => {
    process.once('SIGINT', () => process.exit(130));
    logger.info({ signal }, 'signal received');
    setTimeout(() => process.exit(1), config.shutdown.drainMs + SHUTDOWN_GRACE_MS).unref();
    app.close().then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (err: unknown) => {
        logger.error({ err }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** For the person at the terminal: on stderr, so that stdout stays a log that machines can read. */
function greet({ url, adminKey, dialects }: Served): void {
  const lines = [`Heddle ${VERSION}`, `  URL        ${url}`, `  API docs   ${url}/docs`];
  for (const [name, at] of Object.entries(dialects)) lines.push(`  ${name.padEnd(9)}  ${at}`);
  if (adminKey !== null) lines.push(`  Admin key  ${adminKey}`, '             keep it: it is shown only this once');
  process.stderr.write(`\n${lines.join('\n')}\n\n`);
}

/** Faults of the operator's making are told in their own words; a stack would only hide them. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigError || error instanceof DatabaseUnusableError) return error.message;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `${error.message}: another process listens there; stop it, or set HEDDLE_PORT`;
  if (code === 'EACCES') return `${error.message}: this user may not do that`;
  return error.stack ?? error.message;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`heddle: ${explain(error)}\n`);
  process.exit(1);
}
