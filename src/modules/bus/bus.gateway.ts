import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';
import { MAX_BUS_MESSAGE, MessageBus } from './message-bus.js';

/** `/ws/bus`: what one socket of a tenant sends, all others get, word for word. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/bus', access: 'runs.signal', maxPayload: MAX_BUS_MESSAGE })
export class BusGateway implements OnGatewayConnection {
  constructor(private readonly bus: MessageBus) {}

  handleConnection(socket: WebSocket, request: UpgradeRequest): void {
    this.bus.join(request.principal.tenant, socket);
  }
}
