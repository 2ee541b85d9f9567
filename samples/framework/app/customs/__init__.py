'''
Customs: holds, looks and releases.
'''
