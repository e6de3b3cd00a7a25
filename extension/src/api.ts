import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Where Jupyter's server passes requests on to the service. */
const PREFIX = 'twingraph/api';

/** Something that is wrong; `node` is null and `path` empty for a workflow as a whole. */
export interface Fault {
  message: string;
  node: string | null;
  path: string;
}

/** The service refused: `kind` is the class of the error, `faults` names all that is wrong. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
    readonly faults: readonly Fault[] = []
  ) {
    super(message);
    this.name = 'ServiceError';
  }
}

/** Nobody answered, something on the way answered in the service's place, or it is too busy: asking again may help. */
export class UnreachableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreachableError';
  }
}

/** Too many requests, bad gateway, unavailable, gateway timeout. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export type Query = Record<string, string | number | boolean | null | undefined>;

let on = true;

/** Whether the service may be asked; if not, it counts as unreachable. */
export function allowRequests(allowed: boolean): void {
  on = allowed;
}

/** Name query parameters that have a value. */
export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') {
      parameters.set(name, String(value));
    }
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** A path below the service's API out of parts that may hold any characters. */
export function apiPath(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** The address of `path` for a link, such as a download. */
export function apiURL(path: string): string {
  return URLExt.join(ServerConnection.makeSettings().baseUrl, PREFIX, path);
}

/**
 * Ask the service. `path` is relative to its API, without a leading slash.
 *
 * Raises ServiceError when the service refuses, UnreachableError when there is no service to be reached.
 */
export async function requestAPI<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await answer(path, init)).json() as Promise<T>;
}

/** As `requestAPI`, for an answer that is text. */
export async function requestText(path: string, init: RequestInit = {}): Promise<string> {
  return (await answer(path, init)).text();
}

/** Ask the service with a JSON body. */
export function postAPI<T>(path: string, body: unknown = {}): Promise<T> {
  return requestAPI<T>(path, posted(body));
}

/** A request with a JSON body. */
export function posted(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}

/** A WebSocket below the service's API; Jupyter's login goes with it. */
export function openSocket(path: string): WebSocket {
  const settings = ServerConnection.makeSettings();
  const url = new URL(URLExt.join(settings.wsUrl, PREFIX, path));
  if (settings.appendToken && settings.token) {
    url.searchParams.set('token', settings.token);
  }
  return new settings.WebSocket(url.toString());
}

async function answer(path: string, init: RequestInit): Promise<Response> {
  if (!on) {
    throw new UnreachableError('TwinGraph is switched off in the settings.');
  }
  const settings = ServerConnection.makeSettings();
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(URLExt.join(settings.baseUrl, PREFIX, path), init, settings);
  } catch (error) {
    throw silence(error instanceof Error ? error.message : String(error));
  }
  if (response.redirected) {
    throw silence('log in to Jupyter again');
  }
  if (response.ok) {
    return response;
  }
  const text = await response.text();
  const told = refusal(text);
  if (told && !PASSING.has(response.status)) {
    throw new ServiceError(response.status, told.error, told.message, told.faults ?? []);
  }
  throw silence(told?.message ?? `${response.status} ${response.statusText}`.trim());
}

function silence(reason: string): UnreachableError {
  return new UnreachableError(`The TwinGraph service does not answer (${reason}).`);
}

function refusal(text: string): { error: string; message: string; faults?: Fault[] } | null {
  try {
    const body: unknown = JSON.parse(text);
    return isRefusal(body) ? body : null;
  } catch {
    return null; // an HTML page of something on the way
  }
}

function isRefusal(body: unknown): body is { error: string; message: string; faults?: Fault[] } {
  return typeof body === 'object' && body !== null && 'error' in body && 'message' in body;
}
