import * as React from 'react';

/** Rows of one height, of which only those that can be seen are in the page. */
export interface RowsProps {
  label: string;
  role: 'listbox' | 'log';
  count: number;
  /** Pixels. */
  height: number;
  row(index: number): React.ReactNode;
  className?: string;
  /** Stay at the last row. */
  follow?: boolean;
  onFollow?(follow: boolean): void;
  /** The row that has the keyboard, -1 for none. */
  active?: number;
  onActive?(index: number): void;
  onOpen?(index: number): void;
}

const OVERSCAN = 8;

export function Rows(props: RowsProps): React.ReactElement {
  const { count, height, active = -1, follow = false } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const [view, setView] = React.useState({ top: 0, height: 400 });
  const lastTop = React.useRef(0);

  React.useLayoutEffect(() => {
    const node = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setView({ top: node.scrollTop, height: node.clientHeight }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  React.useLayoutEffect(() => {
    if (follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [follow, count, view.height]);

  React.useLayoutEffect(() => {
    const node = box.current as HTMLDivElement;
    if (active < 0) {
      return;
    }
    if (active * height < node.scrollTop) {
      node.scrollTop = active * height;
    } else if ((active + 1) * height > node.scrollTop + node.clientHeight) {
      node.scrollTop = (active + 1) * height - node.clientHeight;
    }
  }, [active, height]);

  const scrolled = (): void => {
    const node = box.current as HTMLDivElement;
    const atEnd = node.scrollTop + node.clientHeight >= node.scrollHeight - 2;
    if (props.onFollow && (atEnd || node.scrollTop < lastTop.current) && atEnd !== follow) {
      props.onFollow(atEnd);
    }
    lastTop.current = node.scrollTop;
    setView({ top: node.scrollTop, height: node.clientHeight });
  };

  const key = (event: React.KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(view.height / height) - 1);
    const target = moved(event.key, active, count, page);
    if (target !== null && props.onActive && count) {
      event.preventDefault();
      props.onActive(target);
    } else if (event.key === 'Enter' && active >= 0 && props.onOpen) {
      event.preventDefault();
      props.onOpen(active);
    }
  };

  const first = Math.max(0, Math.floor(view.top / height) - OVERSCAN);
  const last = Math.min(count, Math.ceil((view.top + view.height) / height) + OVERSCAN);
  const option = props.role === 'listbox';
  return (
    <div
      ref={box}
      className={`tg-Rows ${props.className ?? ''}`}
      role={props.role}
      aria-label={props.label}
      aria-live={option ? undefined : 'off'}
      aria-activedescendant={option && active >= first && active < last ? `${id}${active}` : undefined}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={key}
    >
      <div className="tg-Rows-all" style={{ height: count * height }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, offset) => first + offset).map(index => (
          <div
            key={index}
            id={option ? `${id}${index}` : undefined}
            className={`tg-Row ${index === active ? 'tg-mod-active' : ''}`}
            role={option ? 'option' : undefined}
            aria-selected={option ? index === active : undefined}
            aria-setsize={option ? count : undefined}
            aria-posinset={option ? index + 1 : undefined}
            style={{ top: index * height, height }}
            onClick={props.onActive && (() => props.onActive?.(index))}
            onDoubleClick={props.onOpen && (() => props.onOpen?.(index))}
          >
            {props.row(index)}
          </div>
        ))}
      </div>
    </div>
  );
}

function moved(key: string, active: number, count: number, page: number): number | null {
  const within = (index: number): number => Math.max(0, Math.min(count - 1, index));
  switch (key) {
    case 'ArrowDown':
      return within(active + 1);
    case 'ArrowUp':
      return within(active - 1);
    case 'PageDown':
      return within(active + page);
    case 'PageUp':
      return within(active - page);
    case 'Home':
      return 0;
    case 'End':
      return within(count - 1);
    default:
      return null;
  }
}
