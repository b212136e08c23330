//! Fulfilment: parcels on their way to the warehouse, and consignments: received, inspected, handed over.
