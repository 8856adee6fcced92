import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import { type JsonObject, StepError } from '../../../../engine/index.js';
import { objectOf } from '../../../nodes/index.js';
import { ToolSettings } from '../../execution/tool-settings.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { MailSockets } from './mail-sockets.js';

const HOST = { name: 'smtp_host', secret: 'SMTP_HOST' } as const;
const PORT = { name: 'smtp_port', secret: 'SMTP_PORT' } as const;
const USER = { name: 'smtp_user', secret: 'SMTP_USER' } as const;
const PASSWORD = { name: 'smtp_password', secret: 'SMTP_PASSWORD' } as const;
const FROM = { name: 'from_address', secret: 'SMTP_FROM' } as const;
const IMPLICIT_TLS_PORT = 465;
const STEP_TIMEOUT_MS = 20_000;
const or = (secret: string): string => `Without it HEDDLE_SECRET_${secret}.`;

@ToolProvider()
export class SendEmailTool implements ExecutedTool {
  readonly name = 'send_email';
  readonly type = 'builtin';
  readonly description = 'Send an e-mail, as plain text, through the mail server of the installation.';
  readonly repeatable = false;
  readonly inputSchema = objectOf(
    {
      to: {
        type: 'string',
        minLength: 3,
        maxLength: 2_000,
        pattern: '^[^\\r\\n]+$',
        description: 'One address, or several with commas in between.',
      },
      subject: { type: 'string', maxLength: 900, pattern: '^[^\\r\\n]*$' },
      body: { type: 'string', maxLength: 1_000_000 },
    },
    ['to', 'subject', 'body'],
  );
  readonly outputSchema = objectOf({ to: { type: 'string' }, subject: { type: 'string' }, message_id: { type: 'string' } }, [
    'to',
    'subject',
    'message_id',
  ]);
  readonly configSchema = objectOf({
    smtp_host: { type: 'string', description: or('SMTP_HOST') },
    smtp_port: {
      type: ['integer', 'string'],
      description: `${or('SMTP_PORT')} 587 by default; 465 speaks TLS from the beginning, others from STARTTLS on.`,
    },
    smtp_user: { type: 'string', description: or('SMTP_USER') },
    smtp_password: { type: 'string', description: `Or \`{{ secrets.NAME }}\`. ${or('SMTP_PASSWORD')}` },
    from_address: { type: 'string', description: or('SMTP_FROM') },
    require_tls: {
      type: 'boolean',
      default: true,
      description: 'False allows a server without TLS, when there is no password to be seen.',
    },
  });

  constructor(
    private readonly settings: ToolSettings,
    private readonly sockets: MailSockets,
  ) {}

  async execute(call: ToolCall): Promise<JsonObject> {
    const { input, config, signal } = call;
    const host = this.settings.require(call, HOST);
    const from = this.settings.require(call, FROM);
    const port = this.portOf(call);
    const user = this.settings.find(call, USER);
    const secure = port === IMPLICIT_TLS_PORT;
    const socket = await this.sockets.connect(host, port, signal);
    const onAbort = (): void => void socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    const transport = createTransport({
      host,
      port,
      secure,
      requireTLS: !secure && (config['require_tls'] !== false || user !== undefined),
      ...(isIP(host) === 0 ? { tls: { servername: host } } : {}),
      connection: socket,
      greetingTimeout: STEP_TIMEOUT_MS,
      socketTimeout: STEP_TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user === undefined ? {} : { auth: { user, pass: this.settings.require(call, PASSWORD) } }),
    });
    try {
      const { to, subject, body } = input;
      const sent = await transport.sendMail({ from, to: String(to), subject: String(subject), text: String(body) });
      return { to: String(to), subject: String(subject), message_id: sent.messageId };
    } catch (error) {
      signal.throwIfAborted();
      throw new StepError('mail_refused', `the mail server did not take the message: ${error instanceof Error ? error.message : ''}`, {
        retryable: false,
        cause: error,
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      transport.close();
      socket.destroy();
    }
  }

  private portOf(call: ToolCall): number {
    const { smtp_port: set } = call.config;
    const port = typeof set === 'number' ? set : Number(this.settings.find(call, PORT) ?? 587);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
    throw new StepError('invalid_config', 'smtp_port is no port', { retryable: false });
  }
}
