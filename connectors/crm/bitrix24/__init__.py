"""Bitrix24: what a lead becomes there (`crm`) and how its REST answers are read (`rest`)."""

from connectors.crm.bitrix24.crm import Bitrix24Crm

__all__ = ["Bitrix24Crm"]
