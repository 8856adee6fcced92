import { AwsClient } from 'aws4fetch';
import { createHash } from 'node:crypto';
import type { ArtifactStorageConfig } from '../../../config/index.js';

export type S3Config = Extract<ArtifactStorageConfig, { kind: 's3' }>;

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Null asks the bucket. */
  readonly key: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly signal?: AbortSignal;
}

const TRIES = 4;
const FIRST_RETRY_MS = 200;
const ANSWER_TIMEOUT_MS = 60_000;

/** The storage refused a request, or cannot be reached. */
export class S3Error extends Error {
  override readonly name = 'S3Error';

  constructor(
    message: string,
    /** Null when there was no answer. */
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Signed requests to one bucket. What fails for a while (5xx, 429, no answer) is tried again. */
export class S3Client {
  private readonly aws: AwsClient;
  private readonly bucketUrl: string;

  constructor({ bucket, endpoint, region, accessKeyId, secretAccessKey }: S3Config) {
    this.aws = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 0 });
    // Names with dots do not match Amazon's certificate, and other servers mostly know buckets by path.
    if (endpoint !== undefined) this.bucketUrl = `${endpoint.replace(/\/+$/, '')}/${bucket}`;
    else if (bucket.includes('.')) this.bucketUrl = `https://s3.${region}.amazonaws.com/${bucket}`;
    else this.bucketUrl = `https://${bucket}.s3.${region}.amazonaws.com`;
  }

  /** The answer, whose status is one of `expected`; its body is yet to be read. */
  async send(request: S3Request, expected: readonly number[]): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.once(request);
      if (answer instanceof Response && expected.includes(answer.status)) return answer;
      const error = answer instanceof Response ? await refusal(request, answer) : answer;
      request.signal?.throwIfAborted();
      const passing = error.status === null || error.status === 429 || error.status >= 500;
      if (!passing || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** (attempt - 1)));
    }
  }

  private async once({ method, key, query, headers, body, signal }: S3Request): Promise<Response | S3Error> {
    const url = new URL(key === null ? this.bucketUrl : `${this.bucketUrl}/${key}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signed = await this.aws.sign(url, {
      method,
      headers: { ...headers, 'X-Amz-Content-Sha256': hash },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
    try {
      return await fetch(signed, {
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
        redirect: 'error',
      });
    } catch (cause) {
      return new S3Error(`${method} ${url.host}${url.pathname}: no answer`, null, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function refusal({ method, key }: S3Request, answer: Response): Promise<S3Error> {
  const text = await answer.text().catch(() => '');
  const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? '';
  return new S3Error(`${method} ${key ?? 'bucket'}: ${answer.status} ${code}`.trimEnd(), answer.status);
}
