import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

export const S3_KEYS = { accessKeyId: 'AKIATEST', secretAccessKey: 'a/secret+with=signs' } as const;
const REGION = 'eu-central-1';
const BUCKET = 'files';
const MIN_PART = 5 * 1024 * 1024;

/**
 * As much of S3 as files need, held to the letter: every request has to carry a right signature (Signature Version 4) over the
 * very bytes that come, parts but the last must have 5 MiB, and uploads join the parts that are named with their tags.
 */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Upload>();
  /** Method and path with query of every request. */
  readonly requests: string[] = [];
  /** Answers so many requests with 503 before it goes on. */
  failing = 0;
  private readonly server: Server;
  private nextUpload = 1;

  private constructor() {
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(`<Error><Code>InternalError</Code><Message>${String(error)}</Message></Error>`);
      });
    });
  }

  static async start(): Promise<S3Server> {
    const server = new S3Server();
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get config(): {
    kind: 's3';
    bucket: string;
    prefix: string;
    endpoint: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
  } {
    return { kind: 's3', bucket: BUCKET, prefix: 'heddle/a/', endpoint: this.endpoint, region: REGION, ...S3_KEYS };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? '/', 'http://s3');
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.failing > 0) {
      this.failing -= 1;
      return refuse(response, 503, 'SlowDown');
    }
    const fault = signatureFault(request, url, body);
    if (fault !== null) return refuse(response, 403, fault);
    const [, bucket, ...rest] = decodeURIComponent(url.pathname).split('/');
    if (bucket !== BUCKET) return refuse(response, 404, 'NoSuchBucket');
    const key = rest.join('/');
    if (key === '') return this.listUploads(response, url.searchParams.get('prefix') ?? '');
    const upload = url.searchParams.get('uploadId');
    switch (request.method) {
      case 'PUT':
        return upload === null
          ? this.put(response, key, body)
          : this.putPart(response, upload, Number(url.searchParams.get('partNumber')), body);
      case 'POST':
        return upload === null ? this.begin(response, key) : this.complete(response, upload, body.toString());
      case 'GET':
        return this.get(response, key, request.headers.range);
      case 'DELETE':
        if (upload === null) this.objects.delete(key);
        else this.uploads.delete(upload);
        response.statusCode = 204;
        return void response.end();
      default:
        return refuse(response, 405, 'MethodNotAllowed');
    }
  }

  private put(response: ServerResponse, key: string, body: Buffer): void {
    this.objects.set(key, body);
    response.setHeader('ETag', tagOf(body));
    response.end();
  }

  private begin(response: ServerResponse, key: string): void {
    const id = `upload&${this.nextUpload}`;
    this.nextUpload += 1;
    this.uploads.set(id, { key, parts: new Map() });
    response.end(
      `<InitiateMultipartUploadResult><Key>${key}</Key><UploadId>${id.replace('&', '&amp;')}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  private putPart(response: ServerResponse, id: string, number: number, body: Buffer): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return refuse(response, 404, 'NoSuchUpload');
    upload.parts.set(number, body);
    response.setHeader('ETag', tagOf(body));
    response.end();
  }

  private complete(response: ServerResponse, id: string, body: string): void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return refuse(response, 404, 'NoSuchUpload');
    const named = [...body.matchAll(/<Part><PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;<\/ETag><\/Part>/g)];
    const parts = named.map(([, number]) => upload.parts.get(Number(number)) ?? Buffer.alloc(0));
    const right = named.every(
      ([, number, tag], index) => Number(number) === index + 1 && tagOf(parts[index] ?? Buffer.alloc(0)) === `"${tag}"`,
    );
    if (named.length === 0 || !right) return refuse(response, 400, 'InvalidPart');
    if (parts.slice(0, -1).some((part) => part.length < MIN_PART)) return refuse(response, 400, 'EntityTooSmall');
    this.objects.set(upload.key, Buffer.concat(parts));
    this.uploads.delete(id);
    response.end('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
  }

  private get(response: ServerResponse, key: string, range: string | undefined): void {
    const object = this.objects.get(key);
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (start === undefined || Number(start) >= object.length) return refuse(response, 416, 'InvalidRange');
    response.statusCode = 206;
    response.end(object.subarray(Number(start), Number(end) + 1));
  }

  private listUploads(response: ServerResponse, prefix: string): void {
    const found = [...this.uploads].filter(([, { key }]) => key.startsWith(prefix));
    const xml = found.map(([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id.replace('&', '&amp;')}</UploadId></Upload>`).join('');
    response.end(`<ListMultipartUploadsResult>${xml}</ListMultipartUploadsResult>`);
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  response.end(`<Error><Code>${code}</Code></Error>`);
}

function tagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

/** Why a request is not signed right, or null. */
function signatureFault(request: IncomingMessage, url: URL, body: Buffer): string | null {
  const scheme = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, credential = '', signed = '', signature] = scheme.exec(request.headers.authorization ?? '') ?? [];
  const [accessKey, day = '', region, service, end] = credential.split('/');
  if (accessKey !== S3_KEYS.accessKeyId || region !== REGION || service !== 's3' || end !== 'aws4_request') return 'InvalidAccessKeyId';
  const hash = createHash('sha256').update(body).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== hash) return 'XAmzContentSHA256Mismatch';
  if (!signed.split(';').includes('host')) return 'SignatureDoesNotMatch';
  const headers = signed.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const query = [...url.searchParams].map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`).toSorted();
  const canonical = [request.method, url.pathname, query.join('&'), headers.join(''), signed, hash].join('\n');
  const time = String(request.headers['x-amz-date']);
  const scope = `${day}/${REGION}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, REGION, 's3', 'aws4_request'].reduce<Buffer>(
    (from, part) => hmac(from, part),
    Buffer.from(`AWS4${S3_KEYS.secretAccessKey}`),
  );
  return hmac(key, text).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
