import type { Crew } from '../../kernels/crew';
export function createCrew(): Promise<Crew | null> {
  return Promise.resolve(null);
}
