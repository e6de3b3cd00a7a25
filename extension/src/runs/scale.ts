/** Seconds to pixels: the stretch of time from `start_s` to `end_s` on `width` pixels. Pure. */
export interface Scale {
  readonly start_s: number;
  readonly end_s: number;
  readonly width: number;
}

const SHORTEST_S = 0.001;
/** Room for the label of a mark. */
const MARK_WIDTH = 90;

export function x(scale: Scale, at_s: number): number {
  return ((at_s - scale.start_s) / (scale.end_s - scale.start_s)) * scale.width;
}

/** Closer (`factor` below 1) or further away, around the time at pixel `at`; never beyond 0 and `all_s`. */
export function zoomed(scale: Scale, factor: number, at: number, all_s: number): Scale {
  const span = scale.end_s - scale.start_s;
  const wanted = Math.min(all_s, Math.max(SHORTEST_S, span * factor));
  const fixed = scale.start_s + (at / scale.width) * span;
  return within({ ...scale, start_s: fixed - (at / scale.width) * wanted }, wanted, all_s);
}

/** Moved by pixels. */
export function panned(scale: Scale, by: number, all_s: number): Scale {
  const span = scale.end_s - scale.start_s;
  return within({ ...scale, start_s: scale.start_s + (by / scale.width) * span }, span, all_s);
}

/** Round times to mark, as many as have room. */
export function marks(scale: Scale): number[] {
  const rough = (scale.end_s - scale.start_s) / Math.max(1, Math.floor(scale.width / MARK_WIDTH));
  const step = STEPS.find(known => known >= rough) ?? Math.ceil(rough / 86_400) * 86_400;
  const first = Math.ceil(scale.start_s / step);
  const last = Math.floor(scale.end_s / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

const STEPS = [
  ...[-3, -2, -1, 0].flatMap(power => [1, 2, 5].map(digit => digit * 10 ** power)),
  ...[10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]
];

function within(scale: Scale, span: number, all_s: number): Scale {
  const start_s = Math.max(0, Math.min(all_s - span, scale.start_s));
  return { ...scale, start_s, end_s: start_s + span };
}
