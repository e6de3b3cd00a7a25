import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { CellsLink } from './link';

const BADGE = 'tg-CellBadge';
const FAULTY = 'tg-mod-faulty';

/** Show at each cell which node it is, and whether something is wrong with it. */
export function showBadges(panel: NotebookPanel, link: CellsLink, trans: TranslationBundle): void {
  const draw = (): void => {
    for (const cell of panel.content.widgets) {
      const node = link.nodes[cell.model.id];
      let badge = cell.node.querySelector<HTMLElement>(`.${BADGE}`);
      if (!node) {
        badge?.remove();
        continue;
      }
      if (!badge) {
        badge = document.createElement('span');
        badge.className = BADGE;
        badge.setAttribute('role', 'note');
        cell.inputArea?.node.append(badge);
      }
      const faulty = node.faults.length > 0;
      badge.textContent = `${faulty ? '⚠' : '◆'} ${node.name}`;
      badge.title = faulty ? node.faults.join('\n') : trans.__('A node of the workflow %1', node.workflow);
      badge.setAttribute('aria-label', `${trans.__('Node %1', node.name)}. ${badge.title}`);
      badge.classList.toggle(FAULTY, faulty);
    }
  };
  link.changed.connect(draw);
}
