import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { AgentConversation, AgentRunService } from '../../modules/agents/index.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';
import { frameOf } from './frames.js';

/** `/v1/ws/agent/{name}`: questions to an agent and their answers. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/compat/astromesh/v1/ws/agent', below: true, access: 'runs.create' })
export class AstromeshAgentsGateway implements OnGatewayConnection {
  constructor(private readonly asks: AgentRunService) {}

  handleConnection(socket: WebSocket, request: UpgradeRequest): void {
    AgentConversation.open(this.asks, socket, request, frameOf);
  }
}
