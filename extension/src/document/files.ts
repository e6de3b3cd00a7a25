import type { Contents } from '@jupyterlab/services';

/** Whether a file that was saved may have other components in it than before. */
export function definesComponents({ type, newValue }: Contents.IChangedArgs): boolean {
  return type === 'save' && newValue?.path?.endsWith('.py') === true;
}
