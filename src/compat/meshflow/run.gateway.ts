import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import type { RunEvent } from '../../engine/index.js';
import { type FeedFrame, RunStreamService, WsSink } from '../../modules/runs/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';
import { TranslatingSink } from '../kit/index.js';
import { MeshRuns } from './runs.service.js';
import { RunFrames } from './run-frames.js';

const CLOSE_REFUSED = 1008;
const CLOSE_FAILED = 1011;

/** `/ws/run/{run_id}`: what happens to one run, from its beginning to its end. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/compat/meshflow/ws/run', below: true, access: 'runs.read', maxPayload: 1024 })
export class MeshRunGateway implements OnGatewayConnection {
  constructor(
    private readonly runs: MeshRuns,
    private readonly streams: RunStreamService,
  ) {}

  async handleConnection(socket: WebSocket, { principal, below = '' }: UpgradeRequest): Promise<void> {
    try {
      const { id: runId } = await this.runs.find(principal, below);
      const frames = new RunFrames();
      const sink = new TranslatingSink(new WsSink(socket), ({ id, event, data }): FeedFrame[] =>
        frames.framesOf(data as RunEvent).map((frame) => ({ id, event, data: frame })),
      );
      await this.streams.stream({ tenant: principal.tenant, runId, after: 0 }, sink);
    } catch (error) {
      const refused = error instanceof AppError && error.status < 500;
      socket.close(refused ? CLOSE_REFUSED : CLOSE_FAILED, refused ? error.detail.slice(0, 120) : 'internal_error');
    }
  }
}
