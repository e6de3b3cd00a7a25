import * as React from 'react';

import type { Bar, Lane } from '../schema';
import { duration } from './format';
import { marks, type Scale, x } from './scale';
import type { Hover } from './timeline';

const AXIS_HEIGHT = 20;
const LEAST_WIDTH = 2;
const LABEL_WIDTH = 40;

interface BarsProps {
  lane: Lane;
  scale: Scale;
  height: number;
  /** The id of the patterns that tell bars apart beside their colour. */
  patterns: string;
  /** Where a bar that has not ended ends, null if the run has. */
  now_s: number | null;
  onHover(hover: Hover | null): void;
}

/** A node's bars, drawn. */
export function Bars({ lane, scale, height, patterns, now_s, onHover }: BarsProps): React.ReactElement {
  const until = (bar: Bar): number => (now_s !== null && bar.ending === 'running' ? now_s : bar.end_s);
  return (
    <svg className="tg-Bars" width={scale.width} height={height} aria-hidden="true" onMouseLeave={() => onHover(null)}>
      {marks(scale).map(at => (
        <line key={at} className="tg-Bars-grid" x1={x(scale, at)} x2={x(scale, at)} y1={0} y2={height} />
      ))}
      {lane.bars
        .filter(bar => until(bar) >= scale.start_s && bar.start_s <= scale.end_s)
        .map((bar, index) => {
          const left = x(scale, bar.start_s);
          const width = Math.max(LEAST_WIDTH, x(scale, until(bar)) - left);
          const move = (event: React.MouseEvent): void =>
            onHover({ lane, bar: { ...bar, end_s: until(bar) }, x: event.clientX, y: event.clientY });
          return (
            <g key={index} className={`tg-Bar tg-Bar-${kindOf(bar)}`} onMouseMove={move}>
              {bar.kind === 'cached' ? (
                <path d={diamond(left, height / 2)} />
              ) : (
                <>
                  <rect
                    x={left}
                    y={bar.kind === 'waiting' ? height / 2 - 2 : 5}
                    width={width}
                    rx={2}
                    {...thick(bar, height)}
                  />
                  {PATTERNED.has(kindOf(bar)) && (
                    <rect
                      x={left}
                      y={5}
                      width={width}
                      height={height - 10}
                      rx={2}
                      fill={`url(#${patterns}${kindOf(bar)})`}
                    />
                  )}
                </>
              )}
            </g>
          );
        })}
    </svg>
  );
}

const PATTERNED = new Set(['failed', 'retried', 'lost', 'uncertain']);

/** Stripes and dots for what went wrong. */
export function BarPatterns({ id }: { id: string }): React.ReactElement {
  return (
    <svg className="tg-defs" width="0" height="0" aria-hidden="true">
      <defs>
        <pattern id={`${id}failed`} width="6" height="6" patternUnits="userSpaceOnUse">
          <path d="M0 0 L6 6 M6 0 L0 6" className="tg-pattern" />
        </pattern>
        <pattern id={`${id}retried`} width="6" height="6" patternUnits="userSpaceOnUse">
          <path d="M-1 1 L1 -1 M0 6 L6 0 M5 7 L7 5" className="tg-pattern" />
        </pattern>
        <pattern id={`${id}lost`} width="4" height="4" patternUnits="userSpaceOnUse">
          <path d="M1 0 L1 4" className="tg-pattern" />
        </pattern>
        <pattern id={`${id}uncertain`} width="5" height="5" patternUnits="userSpaceOnUse">
          <path d="M2.5 2 L2.5 3.5" className="tg-pattern" />
        </pattern>
      </defs>
    </svg>
  );
}

/** The times along the top. */
export function Marks({ scale, left }: { scale: Scale; left: number }): React.ReactElement {
  return (
    <svg className="tg-Marks" width={left + scale.width} height={AXIS_HEIGHT} aria-hidden="true">
      {marks(scale)
        .filter(at => x(scale, at) + LABEL_WIDTH <= scale.width)
        .map(at => (
          <text key={at} x={left + x(scale, at) + 3} y={AXIS_HEIGHT - 6}>
            {at === 0 ? '0' : duration(at)}
          </text>
        ))}
    </svg>
  );
}

function kindOf(bar: Bar): string {
  return bar.kind === 'attempt' ? bar.ending : bar.kind;
}

function thick(bar: Bar, height: number): { height: number } {
  return { height: bar.kind === 'waiting' ? 4 : height - 10 };
}

function diamond(left: number, middle: number): string {
  return `M${left} ${middle - 6} l6 6 l-6 6 l-6 -6 Z`;
}
