import * as React from 'react';

export interface Tab {
  id: string;
  label: string;
}

interface TabsProps {
  label: string;
  tabs: readonly Tab[];
  current: string;
  /** The id of the element that a tab shows. */
  panelOf(tab: string): string;
  onChoose(tab: string): void;
}

/** A row of tabs, worked with arrow keys as ARIA wants it. */
export function Tabs({ label, tabs, current, panelOf, onChoose }: TabsProps): React.ReactElement {
  const list = React.useRef<HTMLDivElement>(null);
  const key = (event: React.KeyboardEvent): void => {
    const at = tabs.findIndex(tab => tab.id === current);
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1 + tabs.length,
      Home: 0,
      End: tabs.length - 1
    };
    if (event.key in steps) {
      const to = steps[event.key] % tabs.length;
      event.preventDefault();
      onChoose(tabs[to].id);
      (list.current?.children[to] as HTMLElement).focus();
    }
  };
  return (
    <div className="tg-Tabs" role="tablist" aria-label={label} ref={list} onKeyDown={key}>
      {tabs.map(tab => (
        <button
          key={tab.id}
          role="tab"
          id={`${panelOf(tab.id)}-tab`}
          aria-selected={tab.id === current}
          aria-controls={panelOf(tab.id)}
          tabIndex={tab.id === current ? 0 : -1}
          onClick={() => onChoose(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
