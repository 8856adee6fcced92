import { Injectable } from '@nestjs/common';
import { AppError } from '../../platform/errors/app-error.js';
import { StepError } from '../../engine/index.js';
import { EgressClient } from '../../platform/egress/index.js';
import { SecretBox } from '../../platform/secrets/index.js';
import { VERSION } from '../../platform/version.js';
import type { ClaimedDelivery, DeliveryAttempt } from './delivery-store.js';
import { WebhookFormats } from './webhook-formats.js';

/** Sends one message, signed as its webhook’s format has it. Redirects are not followed: the signature is for this address. */
@Injectable()
export class MessageSender {
  constructor(
    private readonly egress: EgressClient,
    private readonly box: SecretBox,
    private readonly formats: WebhookFormats,
  ) {}

  /** What came of it; never rejects for what the receiver or the network do. */
  async send(delivery: ClaimedDelivery, timeoutMs: number, signal: AbortSignal): Promise<DeliveryAttempt> {
    const at = new Date();
    const begun = performance.now();
    const attempt = (status: number | null, error: string | null): DeliveryAttempt => ({
      at: at.toISOString(),
      status,
      duration_ms: Math.round(performance.now() - begun),
      error,
    });
    const format = this.formats.find(delivery.format);
    if (format === undefined) return attempt(null, `this server has no webhook format "${delivery.format}"`);
    try {
      const timestamp = Math.floor(at.getTime() / 1_000);
      const secret = this.box.open(delivery.secret, delivery.webhook_id);
      const { status, body } = await this.egress.stream({
        url: delivery.url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': `heddle/${VERSION}`,
          ...format.headers({ id: delivery.id, messageId: delivery.message_id, timestamp, body: delivery.payload }, secret),
        },
        body: delivery.payload,
        timeoutMs,
        signal,
        followRedirects: false,
      });
      body.on('error', () => {}).destroy();
      return attempt(status, status >= 200 && status < 300 ? null : `the receiver answered ${status}`);
    } catch (error) {
      if (error instanceof StepError) return attempt(null, `${error.code}: ${error.message}`);
      if (error instanceof AppError) return attempt(null, `${error.code}: ${error.detail}`);
      return attempt(null, error instanceof Error ? error.message : String(error));
    }
  }
}
