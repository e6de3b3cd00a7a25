import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Preview } from '../../schema';
import { count, size, told } from '../format';
import { parsed, Tree } from './tree';

/** Images that a browser only paints: nothing in them can act. */
const RASTER: ReadonlySet<string> = new Set(['image/png', 'image/jpeg']);
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

/** What a kind is called; of a table there is more to say. */
const WHAT: Partial<Record<Preview['kind'], string>> = { image: 'image', json: 'JSON', text: 'text', binary: 'binary' };

interface ValueProps {
  preview: Preview;
  /** Where to download it from. */
  address?: string;
  /** Ask for a preview of it alone, for one that was left out among others. */
  ask?(): Promise<Preview>;
}

/** A value of a node: its name, what it is, and a look at it. */
export function Value({ preview: given, address, ask }: ValueProps): React.ReactElement {
  const [asked, setAsked] = React.useState<Preview | null>(null);
  const [problem, setProblem] = React.useState('');
  const preview = asked?.digest === given.digest ? asked : given;
  const facts = [WHAT[preview.kind] ?? dimensions(preview), preview.size ? size(preview.size) : ''];
  const show = (): void => {
    ask?.().then(setAsked, (error: unknown) => setProblem(told(error)));
  };
  return (
    <figure className="tg-Value">
      <figcaption>
        <strong>{preview.name}</strong>
        <span className="tg-quiet" title={preview.media_type}>
          {facts.filter(Boolean).join(' · ')}
        </span>
        <span className="tg-spacer" />
        {address && (
          <a
            className="tg-bare"
            href={address}
            download={preview.name}
            aria-label={`Download ${preview.name}`}
            title="Download"
          >
            <downloadIcon.react tag="span" />
          </a>
        )}
      </figcaption>
      <Look preview={preview} />
      {preview.kind === 'binary' && preview.truncated && ask && !problem && (
        <button className="tg-link" onClick={show}>
          Show it
        </button>
      )}
      {problem && <p className="tg-notice">{problem}</p>}
    </figure>
  );
}

function Look({ preview }: { preview: Preview }): React.ReactElement {
  switch (preview.kind) {
    case 'table':
      return <Table preview={preview} />;
    case 'image':
      return <Image preview={preview} />;
    case 'json':
      return <Json preview={preview} />;
    case 'text':
      return <Text preview={preview} />;
    case 'binary':
      return <p className="tg-quiet">{preview.summary || 'No preview: download it to look at it.'}</p>;
  }
}

function Table({ preview }: { preview: Preview }): React.ReactElement {
  const { name, columns, types, rows, row_count } = preview;
  return (
    <>
      <div className="tg-Table" role="region" aria-label={`Table ${name}`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={index} scope="col">
                  {column}
                  <span className="tg-quiet">{types[index]}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td key={column} className={NUMBER.test(types[column] ?? '') ? 'tg-number' : ''}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length < row_count && (
        <p className="tg-quiet">
          The first {rows.length} of {count(row_count, 'row')}.
        </p>
      )}
    </>
  );
}

const NUMBER = /int|float|double|decimal|number/i;

function dimensions({ columns, row_count }: Preview): string {
  return `${count(row_count, 'row')} × ${count(columns.length, 'column')}`;
}

function Image({ preview }: { preview: Preview }): React.ReactElement {
  const [large, setLarge] = React.useState(false);
  if (!RASTER.has(preview.media_type) || !BASE64.test(preview.data)) {
    return <p className="tg-quiet">This image is of a kind that isn't shown: download it to look at it.</p>;
  }
  return (
    <button
      className={`tg-Image ${large ? 'tg-mod-large' : ''}`}
      aria-pressed={large}
      title={large ? 'Fit into the panel' : 'Show in its own size'}
      onClick={() => setLarge(!large)}
    >
      <img src={`data:${preview.media_type};base64,${preview.data}`} alt={`${preview.name}: ${preview.summary}`} />
    </button>
  );
}

function Json({ preview }: { preview: Preview }): React.ReactElement {
  const value = React.useMemo(() => parsed(preview.text), [preview.text]);
  return value === undefined ? (
    <Text preview={preview} />
  ) : (
    <div className="tg-Json">
      <Tree value={value} open />
    </div>
  );
}

function Text({ preview }: { preview: Preview }): React.ReactElement {
  return (
    <>
      <pre className="tg-Text" tabIndex={0} aria-label={preview.name}>
        {preview.text}
      </pre>
      {preview.truncated && <p className="tg-quiet">Only the beginning is shown.</p>}
    </>
  );
}
