import { pino, type DestinationStream, type Logger } from 'pino';
import type { HeddleConfig } from '../../config/index.js';
import { createMask } from './mask.js';
import { prettyLine } from './pretty.js';

/** Fields that are never written, at the top and one level down. */
const SECRET_FIELDS = ['authorization', 'cookie', 'password', 'secret', 'secrets', 'token', 'api_key', 'apiKey', 'key_hash'];

/** Where lines go; a test may pass its own. */
export interface LineSink {
  write(line: string): void;
}

/** The process's logger: JSON lines on stdout, or readable lines on a terminal. Secrets are masked in whole lines. */
export function createLogger(config: HeddleConfig, sink: LineSink = process.stdout): Logger {
  const mask = createMask([
    ...Object.values(config.secrets),
    ...[config.secretKey, config.auth.bootstrapAdminKey].filter((value) => value !== undefined),
  ]);
  const pretty = config.log.pretty ?? (sink === process.stdout && process.stdout.isTTY);
  const destination: DestinationStream = {
    write(line) {
      const masked = mask(line);
      sink.write(pretty ? prettyLine(masked) : masked);
    },
  };
  return pino(
    {
      level: config.log.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `headers.${field}`, `*.headers.${field}`]),
        censor: '[masked]',
      },
    },
    destination,
  );
}
